/* SPDX-License-Identifier: Apache-2.0 */
/*
 * collector_internal.h: what the files of the collector share. A process
 * belongs to the draining thread until its END item is queued, then to the
 * storing thread; members say which half touches them.
 */
#ifndef RECORDER_COLLECTOR_INTERNAL_H
#define RECORDER_COLLECTOR_INTERNAL_H

#include <pthread.h>
#include <semaphore.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/un.h>

#include "recorder/collector.h"
#include "recorder/record.h"

#define SM_BATCH_BYTES (256u << 10) /* drained from one ring at a time */
#define SM_QUEUE_BYTES (8u << 20)   /* between the threads */

#define SM_REFUSED_MAX 1024 /* pids remembered */

/* Copied from a ring's header, once. */
struct counters {
	uint64_t attempts, noise, lost[SM_LOSSES];
};

/* --------------------------------------------------------------- store.c */

struct code {
	struct sm_str file, function, package; /* one allocation, at file.p */
	enum sm_principal_kind kind;
};

struct site_key {
	uint32_t kind, caller, line, owner;
	uint8_t via, principal;
};

struct site_slot {
	struct site_key key;
	uint32_t id_plus_1; /* 0: empty */
};

/* The storing thread's half of a process. */
struct stored_process {
	uint32_t number; /* row in the trace */
	struct code *codes;
	uint32_t code_count;
	size_t code_bytes, *all_code_bytes; /* the collector's; NULL: none */
	struct site_slot *sites; /* open addressing, a power of two */
	uint32_t site_room, site_count;
	size_t site_bytes; /* what its sites took of the trace's dictionary */
	uint64_t stored, filtered, damaged, refused, told[SM_LOSSES];
	uint64_t forks_announced;
	uint64_t last_ns; /* time of the newest event */
	/* for the files that continue the trace */
	struct process *next;
	struct item *start;			  /* its hello */
	struct sm_trace_interpreter *interpreter; /* NULL: not told yet */
	struct sm_trace_account closed; /* accounts of the files before */
	/* Policies it decides by, from which event on; generation 0: none. */
	uint32_t generation;
	uint64_t adopted_seq, adopted_ns;
	uint64_t after_denial; /* as in struct sm_ring_header */
	bool has_begun;	       /* runs a program; false: still starting */
};

/* -------------------------------------------------------------- policy.c */

/* A policy that is handed out. Draining thread. */
struct held_policy {
	int fd; /* sealed; -1: there is none */
	uint32_t bytes;
	char *path, *sha256, *text; /* owned */
};

/* The same for the trace. Storing thread. */
struct policy_facts {
	struct policy_facts *next; /* older */
	uint32_t generation;
	uint32_t number; /* row in this file; 0: not told yet */
	struct sm_trace_policy row;
	char text[]; /* what row points to */
};

/* --------------------------------------------------------------- drain.c */

enum source_kind {
	SOURCE_LISTENER,
	SOURCE_STATUS,
	SOURCE_CONTROL,
	SOURCE_REQUEST,
	SOURCE_INHERITED,
	SOURCE_CONNECTION,
	SOURCE_PROCESS,
	SOURCE_WAKE,
};

struct source {
	enum source_kind kind;
	int fd;
	struct source *next; /* of connections */
	uint32_t pid; /* of a CONNECTION: who got its ring by it; 0: nobody */
};

struct process {
	struct source source; /* first member; fd is the pidfd */
	struct process *next;
	uint32_t pid, guest_pid, parent_pid, uid;
	uint64_t start_ns;
	uint64_t start_ticks; /* field 22 of /proc/PID/stat */
	char *exe;	      /* owned, for status */
	struct sm_ring_memory memory;
	bool is_dead;
	bool is_retired;       /* its pid said hello again */
	_Atomic uint64_t seen; /* events stored so far, for status */
	_Atomic size_t queued; /* bytes its records take in the queue */
	struct stored_process store;
};

/* --------------------------------------------------------------- queue.c */

enum item_kind { ITEM_START, ITEM_RECORDS, ITEM_END, ITEM_POLICY, ITEM_STOP };

struct item {
	struct item *next;
	enum item_kind kind;
	struct process *process;
	/* END */
	struct counters counters;
	uint64_t end_ns;
	int32_t exit_status;
	bool is_tainted, is_running;
	uint64_t after_denial;	    /* RECORDS, END */
	struct policy_facts *facts; /* POLICY */
	/* START: a hello; RECORDS: u32 length, payload, ... */
	enum sm_hello_reason reason;
	uint32_t generation; /* START: of the policies it got */
	uint32_t bytes;
	uint8_t data[];
};

struct queue {
	pthread_mutex_t lock;
	pthread_cond_t filled;
	struct item *first, **last;
	_Atomic size_t bytes;
	_Atomic uint64_t pushed, handled; /* items */
};

void queue_init(struct queue *queue);
void queue_destroy(struct queue *queue);
struct item *item_new(enum item_kind kind, struct process *process,
		      const void *data, uint32_t bytes);
void queue_push(struct queue *queue, struct item *item); /* takes item */
/* NULL after timeout_ms without one. The caller frees it. */
struct item *queue_pop(struct queue *queue, unsigned timeout_ms);
/*
 * How much more of process's records it takes, one of count. Who fills it does
 * so at its own cost: each of the others has a share of as much again.
 */
size_t queue_room(const struct queue *queue, const struct process *process,
		  size_t count);
/* Hellos pass a full queue, up to a bound of their own. */
bool queue_is_overfull(const struct queue *queue);

/* ------------------------------------------------------------- collector */

struct sm_collector {
	struct sm_collector_options options;
	char *title, *output;
	struct held_policy policy, shadow;
	uint32_t generation; /* of both; raised by every reload, 0: none */
	/* sockets */
	char directory[80];
	struct sockaddr_un address, status_address, control_address;
	int listener, named, status, control, inherited, inheritable;
	char channel[SM_CHANNEL_TEXT_MAX];
	/* draining thread */
	pthread_t drain_thread;
	bool has_drain_thread;
	sem_t is_draining; /* once: hellos are answered from now on */
	int epoll, wake, done;
	struct source listener_source, named_source, status_source,
		control_source, inherited_source, wake_source;
	struct source *connections, *dropped; /* newest first */
	uint32_t silent_count;	/* connections that nobody got a ring by */
	uint64_t deaf_since_ns; /* 0: it listens */
	struct process *processes;
	size_t process_count;
	bool is_inherited_open, is_command_covered;
	uint64_t idle_since_ns;
	uint64_t forks_seen, started;
	uint64_t unadopted;		  /* got a ring and never mapped it */
	uint32_t refused[SM_REFUSED_MAX]; /* pids */
	uint32_t refused_count;
	uint8_t *batch;	      /* SM_BATCH_BYTES */
	uint32_t batch_bytes; /* taken from batch_process, not handed on yet */
	struct process *batch_process;
	_Atomic bool should_stop, has_command_ended;
	_Atomic uint64_t ending_ns; /* nobody lives; 0: somebody may */
	_Atomic bool has_spawned;   /* set by the storing thread */
	uint32_t command_pid;
	_Atomic int32_t command_status;
	/* storing thread */
	pthread_t store_thread;
	bool has_store_thread;
	struct queue queue;
	struct sm_trace_writer *trace;
	uint64_t forks_announced;
	size_t code_bytes; /* of all processes */
	bool is_storing_given_up, is_commit_failing;
	uint64_t file_begun_ns;
	struct policy_facts *facts; /* newest first */
	struct sm_origins *origins; /* NULL: there is no trace */
	struct process *stored;	    /* live ones, in the order of their rows */
	struct process *founder;    /* the first of all; kept when it ended */
	struct sm_trace_account founder_end; /* end_ns 0: it lives */
	uint64_t appended, committed; /* events handed to, kept by the trace */
	struct sm_collector_summary summary;
};

uint64_t sm_collector_now_ns(void);

/* collector_socket.c */
enum sm_status collector_sockets_open(struct sm_collector *collector,
				      struct sm_diag *diag);
void collector_sockets_close(struct sm_collector *collector);
/* Removes what killed collectors of ours left in base. collector_sweep.c */
void collector_sweep(const char *base);
/* One hello from a connected socket. False: the other end is closed. */
struct greeting {
	struct ucred credentials;
	bool has_credentials;
	int reply; /* -1: none came */
	uint32_t bytes;
	uint8_t data[SM_HELLO_MAX];
};
bool collector_receive(int fd, struct greeting *greeting);
/* Hands ring, control page and policies over; memory NULL: policies only. */
bool collector_reply(const struct sm_collector *collector, int fd,
		     const struct sm_ring_memory *memory);

/*
 * collector_welcome.c, draining thread. False: the socket is at its end. pid is
 * set to the last one that got a ring.
 */
bool collector_receive_hellos(struct sm_collector *collector, int fd,
			      uint32_t *pid);
/* collector_drain.c: the draining thread waits for source, too; or no more. */
void collector_watch(struct sm_collector *collector, struct source *source);
void collector_unwatch(struct sm_collector *collector, int fd);

/*
 * collector_accept.c, draining thread. accept: a descriptor, or -1; without
 * any left the collector is deaf for a while. connect: accepts and waits for
 * what comes.
 */
int collector_accept(struct sm_collector *collector, int listener);
void collector_connect(struct sm_collector *collector, int listener,
		       enum source_kind kind);
bool collector_is_deaf(struct sm_collector *collector);
/* Closes a connection; its source is freed after the round. */
void collector_drop(struct sm_collector *collector, struct source *source);
void collector_free_dropped(struct sm_collector *collector);
/* pid got its ring by this connection and needs no other. */
void collector_keep(struct sm_collector *collector, struct source *source,
		    uint32_t pid);
/* At the end: closes all, and counts who still waits to be let in. */
void collector_answer_rest(struct sm_collector *collector);

/* collector_process.c */
struct process *process_new(const struct greeting *greeting,
			    const struct sm_hello *hello);
void process_free(struct process *process);
/* False: it is gone. */
bool process_parent(uint32_t pid, uint32_t *parent);

/*
 * collector_code.c, storing thread. False: beyond a bound, or out of memory;
 * its events name no caller.
 */
bool code_add(struct sm_collector *collector, struct stored_process *store,
	      const struct sm_record_code *said);
void code_fill_site(const struct stored_process *store,
		    const struct sm_record_event *record, struct sm_site *site);
/* The site's number in the trace's present file. */
enum sm_status code_find_site(struct sm_collector *collector,
			      struct stored_process *store,
			      const struct sm_record_event *record,
			      uint32_t *id);
void stored_process_clear(struct stored_process *store);

/* collector_status.c */
void collector_answer_status(const struct sm_collector *collector, int fd);

/* collector_control.c: one message of a connected asker */
void collector_answer_request(struct sm_collector *collector, int fd);

/* collector_policy.c, draining thread (or before it) */
void held_policy_init(struct held_policy *held);
/* Copies policy; whatever happens, held_policy_free() frees. */
enum sm_status held_policy_take(struct held_policy *held,
				const struct sm_collector_policy *policy,
				struct sm_diag *diag);
void held_policy_free(struct held_policy *held);
/* Tells the storing thread what is handed out from now on. */
bool policy_announce(struct sm_collector *collector);
/* collector_policy.c, storing thread. Takes facts. */
void policies_add(struct sm_collector *collector, struct policy_facts *facts);
/* store's process decides by store->generation from now on. */
void policies_adopted(struct sm_collector *collector,
		      const struct stored_process *store);
void policies_next_file(struct sm_collector *collector);
void policies_free(struct sm_collector *collector);

/*
 * collector_sites.c, storing thread: the trace gets to know what there was
 * where code came from (recorder/origins.h).
 */
void sites_note(struct sm_collector *collector,
		const struct sm_record_code *code);
/* What was read since the last time. */
void sites_store(struct sm_collector *collector);
void sites_next_file(struct sm_collector *collector);
/* Waits for what is still to be read, a while, and stores it. */
void sites_end(struct sm_collector *collector);

/* collector_files.c: all in the storing thread. Takes start. */
enum sm_status files_add_process(struct sm_collector *collector,
				 struct process *process, struct item *start);
void files_note_denial(struct sm_collector *collector,
		       struct stored_process *store, uint64_t after_denial);
void files_note_interpreter(struct stored_process *store,
			    const struct sm_trace_interpreter *interpreter);
/* What is left of account for the last file; forgets process. */
void files_end_process(struct sm_collector *collector, struct process *process,
		       struct sm_trace_account *account);
/* Frees process once nothing of it will be told any more. */
void files_free_process(struct sm_collector *collector,
			struct process *process);
/*
 * Before item is stored: goes on in the next file, or stops storing, at its
 * bounds. No file is begun that nothing will be put into.
 */
void files_check(struct sm_collector *collector, const struct item *item);

/* collector_store.c: remembers the first failure; false: not committed */
void collector_note(struct sm_collector *collector, enum sm_status status);
bool collector_commit(struct sm_collector *collector);
/*
 * Tries step until it is true: while the recording runs (rings back up and
 * drop, counted), and a little longer. False: all is over, and it is in vain.
 */
typedef bool disk_step(struct sm_collector *collector);
bool collector_insist(struct sm_collector *collector, disk_step *step);

/*
 * What a process is known by is worth waiting for memory: true while status
 * says that there is none, and it should be tried again.
 */
bool collector_await_memory(struct sm_collector *collector,
			    enum sm_status status, unsigned *tries);

/* collector_drain.c, collector_store.c: threads */
void *collector_drain(void *collector);
void *collector_store(void *collector);

#endif
