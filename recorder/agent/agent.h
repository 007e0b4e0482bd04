/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent.h: what the files of the agent share.
 *
 * The agent is a guest. Nothing here prints, exits, or lets errno or an
 * exception change. On the way of an event nothing allocates, and between
 * sm_agent_lock() and sm_agent_unlock() nothing runs that could start Python
 * code, the garbage collector or a wait for the GIL.
 */
#ifndef RECORDER_AGENT_AGENT_H
#define RECORDER_AGENT_AGENT_H

#include <stdatomic.h>
#include <stdio.h>
#include <sys/types.h>

#include "recorder/agent/python.h"
#include "recorder/channel.h"
#include "recorder/record.h"
#include "recorder/redact.h"
#include "schema/address.h"
#include "schema/path.h"
#include "schema/policy.h"

#define SM_THREAD_LOCAL _Thread_local __attribute__((tls_model("initial-exec")))

/* ------------------------------------------------------------------- state */

struct sm_agent {
	bool is_covered; /* SECMGR_CHANNEL is there and parses */
	uint32_t flags;	 /* enum sm_channel_flag: of the environment, then of
			    the last reply */
	bool has_ring;
	struct sm_ring_writer writer;
	uint32_t ring_number; /* counts the rings this memory has seen */
	uint32_t ring_codes;  /* code records sent in this ring */
	bool ring_has_interpreter;
	bool has_policy, has_shadow;
	struct sm_policy policy;
	struct sm_policy shadow; /* is asked too; nothing is held to it */
	uint32_t policy_generation;
	/* What a reload has to tell the ring: from event seq on. 0: nothing. */
	uint64_t reloaded_seq, reloaded_ns;
	/* seq from which on events follow a denial; 0: there was none. */
	_Atomic uint64_t after_denial;
	uint64_t seq;
	/* Hook calls while there was no ring: told to the next one. */
	_Atomic uint64_t homeless, homeless_noise;
};

extern struct sm_agent sm_agent;

/* ----------------------------------------------------------------- load.c */

/* Takes the hook's memory out of CPython's hands; see load.c. */
void sm_load_on_clear(void);
/* setlocale was called by the code at caller. */
void sm_load_late(const void *caller);

/* ----------------------------------------------------------------- hook.c */

py_audit_hook sm_agent_hook;

/*
 * Serialises events of builds and sub-interpreters that run hooks at the same
 * time. False when it could not be had within a bound.
 */
bool sm_agent_lock(void);
void sm_agent_unlock(void);
void sm_agent_lock_reset(void); /* in a forked child */

/* Tells the ring about an event that is built and decided; under the lock. */
struct sm_view;
void sm_agent_store(const struct sm_view *view, struct sm_record_event *record);
/* The lock could not be had: counts it. True: has to be denied. */
bool sm_agent_lost(void);

uint64_t sm_agent_now_ns(void);
uint32_t sm_agent_thread(void);
void sm_agent_thread_reset(void);

/* ----------------------------------------------------------------- code.c */

enum sm_code_flag {
	SM_CODE_IMPORT = 1 << 0, /* import machinery */
	SM_CODE_LINES = 1 << 1,	 /* linecache, tokenize */
	SM_CODE_RUNPY = 1 << 2,
	SM_CODE_HANDS_OUT = 1 << 3, /* get_data, get_source: for any caller */
	SM_CODE_IS_FILE = 1 << 4,   /* the code stands in a file */
	SM_CODE_PTH = 1 << 5,	    /* runs the lines of .pth files */
	SM_CODE_TELLS = 1 << 6,	    /* linecache, get_source: about modules */
};

/* A code object, classified. Strings live as long as the process. */
struct sm_code {
	struct sm_str file, function, package;
	uint32_t first_line;
	uint32_t next; /* in its hash chain */
	uint32_t ring; /* sm_agent.ring_number it was sent in */
	uint32_t ring_id;
	uint16_t number; /* in the table; 0: not in it */
	uint8_t kind;	 /* enum sm_principal_kind; PYTHON: standard library */
	uint8_t flags;
};

/* Per interpreter; strong references. */
struct sm_interpreter {
	int64_t identity;	     /* 0: not in use */
	struct py_object *violation; /* its PolicyViolation */
	struct py_object *main;	     /* the first code of -c */
};
/* NULL outside of an interpreter. */
struct sm_interpreter *sm_code_interpreter_slot(void);

/*
 * The classification of a code object. spare is used when the table is full;
 * its strings then live as long as the code object. Takes the lock.
 */
const struct sm_code *sm_code_of(struct py_object *code, struct sm_code *spare);
int sm_code_line(struct py_object *code);
#define SM_CODE_NAME (sm_py.minor >= 11 ? "co_qualname" : "co_name")
/* Under the lock, by the number of an entry; NULL when there is none. */
struct sm_code *sm_code_entry(uint32_t number);
/* Among its calls is one with an argument of that keyword. */
bool sm_code_passes(struct py_object *code, struct sm_str keyword);
/* Code given by -c or on stdin, with everything inside it. */
void sm_code_mark_main(struct py_object *code);
bool sm_code_setup(void); /* maps the table; once per process */
/* When the running interpreter ends; after Py_Finalize. */
void sm_code_forget_interpreter(void);
void sm_code_forget_all(void);
/* What is known of the interpreter; false while it is too early to know. */
bool sm_code_interpreter(struct sm_trace_interpreter *out);

/* ----------------------------------------------------------- code_known.c */

/* What identifies a code object beside its address; borrowed from it. */
struct sm_code_identity {
	struct py_object *file, *name; /* str */
	int64_t file_hash, name_hash;
	int line;
};
/* False: its names are no plain str. Under the lock. */
bool sm_code_identify(struct py_object *code, struct sm_code_identity *id);
/* The number kept for a code object; 0: none. Asks CPython nothing. */
uint32_t sm_code_known(struct py_object *code);
/* The same for code of -c and stdin, which is kept longer; under the lock. */
uint32_t sm_code_known_main(struct py_object *code,
			    const struct sm_code_identity *id);
/* Under the lock. */
void sm_code_keep(struct py_object *code, const struct sm_code_identity *id,
		  uint32_t number, bool is_main);
void sm_code_forget_known(void);

/* --------------------------------------------------------------- frames.c */

/* Who raised an event. */
struct sm_view {
	const struct sm_code *caller; /* NULL: no Python frame */
	const struct sm_code *owner;  /* as in record.h; NULL: none */
	uint32_t line;
	enum sm_via via;
	enum sm_principal_kind kind;
	struct sm_code spare[3];
};

/* Walks the stack. Not under the lock: frame objects are allocated. */
void sm_frames_view(struct sm_view *view);
/* The code of the innermost; borrowed. NULL: none. */
struct py_object *sm_frames_code(void);
/* The site's and principal's strings, from view. */
void sm_frames_site(const struct sm_view *view, struct sm_site *site);

#define SM_PACKAGE_MAX 64

/* A view that stays when the code objects of its frames are gone. */
struct sm_kept_view {
	struct sm_view view;
	char package[SM_PACKAGE_MAX];
};
void sm_view_keep(struct sm_kept_view *to, const struct sm_view *view);

/* --------------------------------------------------------------- forged.c */

/* Its calls are marked, or cannot be. */
extern bool sm_forged_is_watched;
/* Finds sys.audit and marks its calls from now on. */
void sm_forged_watch(void);
void sm_forged_forget(void); /* after Py_Finalize */
/* The name given to the innermost sys.audit() of this thread, or NULL. */
extern SM_THREAD_LOCAL const char *sm_forged_name;
/* Whether an event raised by sys.audit() is not one of the library's own. */
bool sm_forged_is(enum sm_event_kind kind, const struct sm_view *view);

/* -------------------------------------------------------------- extract.c */

#define SM_HELD_MAX 32 /* encoded copies of strings kept during one event */

/* Storage of the event being taken; one, under the lock. */
struct sm_box {
	struct sm_value values[SM_VALUES_MAX];
	uint32_t used;
	/* Bytes of strings an event may hold, so that its record fits. */
	uint32_t budget;
	char text[32 << 10]; /* copies: redacted strings, names of variables */
	struct sm_secrets secrets; /* shares out text */
	char resolved[SM_RESOLVED_MAX][SM_PATH_MAX];
	struct py_object *held[SM_HELD_MAX];
	uint32_t held_count;
	bool reads_paths; /* objects of pathlib's have a text */
};

/* text.c: a new bytes object with what a str stands for; NULL: nothing. */
struct py_object *sm_text_encode(struct py_object *o, struct sm_str *out);

/* Fills event->args and argc from an audit event's argument tuple. */
void sm_extract(struct sm_box *box, const struct sm_catalogue_entry *entry,
		struct py_object *args, struct sm_event *event);
/* Bytes of a str or bytes object; false when it is neither. */
bool sm_extract_string(struct sm_box *box, struct py_object *o,
		       struct sm_str *out);
/*
 * The same of what a program is started with, where the call itself is looked
 * at: there objects of pathlib's have bytes, too.
 */
bool sm_extract_word(struct sm_box *box, struct py_object *o,
		     char room[SM_PATH_MAX], struct sm_str *out);
/* Items of a list or tuple; -1: it is neither. An item may be NULL. */
PY_SIZE sm_extract_length(struct py_object *o);
struct py_object *sm_extract_item(struct py_object *o, PY_SIZE i);
/* Room for n bytes, or NULL. */
char *sm_box_text(struct sm_box *box, uint32_t n);

/* ---------------------------------------------------------- path_object.c */

/*
 * What os.fspath() gives for an object of pathlib's; lives as long as the
 * object, in box, or in room. False: it is none, or one of another class.
 */
bool sm_path_object_text(struct sm_box *box, struct py_object *o,
			 char room[SM_PATH_MAX], struct sm_str *text);

/* -------------------------------------------------------------- resolve.c */

/* Fills event->resolved. args: the tuple the event was made from. */
void sm_resolve(struct sm_box *box, const struct sm_catalogue_entry *entry,
		struct py_object *args, struct sm_event *event);
/* name in the directory of dir_fd (or AT_FDCWD); empty: it has no name. */
struct sm_str sm_resolve_at(int dir_fd, struct sm_str name, char *out);
/* The path of a descriptor; empty for pipes, sockets and deleted files. */
struct sm_str sm_resolve_fd(int64_t fd, char *out);
/* The file sqlite3.connect was asked for, out of a URI into out; empty: none.
 */
struct sm_str sm_resolve_database(const struct sm_event *event,
				  char out[SM_PATH_MAX]);
/* "self", "child", "group", or the number itself. */
void sm_resolve_pid(int64_t pid, bool is_group, struct sm_value *value);
/* "tcp", "udp", ...: SM_ROLE_SOCKET. */
struct sm_str sm_resolve_socket(struct py_object *socket);
/*
 * The first executable called name in the directories of path, which may be
 * relative to base; empty: there is none. Writes only out.
 */
struct sm_str sm_resolve_program(struct sm_str path, struct sm_str base,
				 struct sm_str name, char out[SM_PATH_MAX]);
/* execve(2) would run path; false: it would not, for errno. Any thread. */
bool sm_resolve_is_executable(int dir_fd, const char *path);
/* The working directory, cached; empty when it has no name any more. */
struct sm_str sm_resolve_cwd(void);
void sm_resolve_cwd_changed(void);
/* From now on threads may have descriptors, or a directory, of their own. */
void sm_resolve_threads_apart(void);

/* ---------------------------------------------------------------- named.c */

/* Once, before main(): what the command line names. */
void sm_named_setup(void);
const struct sm_named *sm_named(void);
/*
 * For an interpreter that raises recorded events again, under the lock: takes
 * what is named from the event that tells of it; nothing is, any more.
 */
void sm_named_repeat(const struct sm_event *event);
void sm_named_forget(void);

/* ---------------------------------------------------------------- names.c */

/* name was asked for, and address was an answer. Under the lock. */
void sm_names_add(struct sm_str name, const uint8_t address[SM_ADDRESS_BYTES]);
/* The names that address is an answer for, sorted, with spaces. Under it. */
struct sm_str sm_names_of(const uint8_t address[SM_ADDRESS_BYTES],
			  char out[SM_PATH_MAX]);
/* The first answer of this thread's last question; false: name was not it. */
void sm_names_answer(struct sm_str name,
		     const uint8_t address[SM_ADDRESS_BYTES]);
bool sm_names_last(struct sm_str name, uint8_t address[SM_ADDRESS_BYTES]);
/*
 * Takes an answer out of the event that told of it; from one without a name
 * that nothing is known. For an interpreter that raises recorded events again.
 */
void sm_names_repeat(const struct sm_event *event);

/* ----------------------------------------------------------------- peer.c */

/* Code of the program's may have made another host of the one in args. */
bool sm_peer_is_encoded(struct py_object *args);
/* event was not denied: the address of the call that follows is looked at. */
void sm_peer_announce(const struct sm_view *view, const struct sm_event *event);

/* ----------------------------------------------------------- make_hello.c */

/* What is in a file, up to room bytes. */
uint32_t sm_read_file(const char *path, char *out, uint32_t room);
/* Under the lock: the message's length in out, which has SM_HELLO_MAX. */
uint32_t sm_make_hello(enum sm_hello_reason reason, uint8_t *out);

/* ---------------------------------------------------- interpose_library.c */

/* event was not denied: the library it tells of may be loaded. */
void sm_library_announce(const struct sm_event *event);

/* -------------------------------------------------------- channel_agent.c */

/* Reads the environment. False: this process is none of our business. */
bool sm_channel_setup(void);
/* Asks for a ring; keeps what there was when that fails. */
bool sm_channel_hello(enum sm_hello_reason reason);
/* From the event path, no lock: fork seen late, reload, a ring still missing.
 */
void sm_channel_check(void);
/* No ring, and none will be asked for any more. */
bool sm_channel_is_lost(void);
/* Whether this memory is a copy made by fork or clone. */
bool sm_channel_is_copy(void);
/* What comes behind event seq is not what the program does by itself. */
void sm_channel_note_denial(uint64_t seq);
void sm_channel_child(void);
/* Holds a connection from now on: soon the path leads nowhere. */
void sm_channel_keep(void);
/* A socket of the collector's, -1: none. Waits ms at most for its backlog. */
int sm_connect(const char *path, unsigned ms);
/* Notices forks from now on; once, where an interpreter is. */
void sm_channel_watch(void);

/* ----------------------------------------------------------------- memo.c */

/*
 * Most events ask for one file that every policy allows: fills the event's
 * verdicts and is true. False: nothing is said, ask sm_memo_decide(). Under the
 * lock.
 */
bool sm_memo_allows(const struct sm_view *view, struct sm_event *event);
/*
 * Fills the event's verdict, and that of the shadow policy where there is one.
 * verdict: what sm_policy_decide() said, unless the same was allowed before.
 * Under the lock.
 */
void sm_memo_decide(const struct sm_view *view, struct sm_event *event,
		    struct sm_verdict *verdict);
/* The same without a memory; any thread, also a vfork child. */
void sm_memo_ask(struct sm_event *event, struct sm_verdict *verdict);
/* Another policy: what was decided by the old one counts no more. */
void sm_memo_forget(void);

/* ----------------------------------------------------------------- deny.c */

/* What a denied event raises; filled under the lock, used after it. */
struct sm_denial {
	char text[640];
	uint32_t text_length;
	char file[1024];
	uint32_t file_length;
};

/* Under the lock, where sm_memo_allows() says nothing. */
bool sm_deny_decide_rest(const struct sm_view *view, struct sm_event *event,
			 struct sm_denial *denial);

/* Decides event and fills its verdict. True: it must be denied. */
static inline bool sm_deny_decide(const struct sm_view *view,
				  struct sm_event *event,
				  struct sm_denial *denial)
{
	return sm_agent.flags & SM_CHANNEL_ENFORCE &&
	       !(sm_agent.has_policy && sm_memo_allows(view, event)) &&
	       sm_deny_decide_rest(view, event, denial);
}

/* The same from a vfork child: remembers nothing, needs no lock. */
bool sm_deny_decide_alone(struct sm_event *event);
/* Raises PolicyViolation; always leaves an exception. Not under the lock. */
void sm_deny_raise(const struct sm_denial *denial);

/* ------------------------------------------------------------- late_open.c */

/* Keeps an `open` event back until its directory is known; false: cannot. */
bool sm_late_open_keep(const struct sm_view *view, struct py_object *args);
/* One of this thread's is kept back. */
bool sm_late_open_is_waiting(void);
/*
 * Before this thread's next event: it is recorded after all, unless that is an
 * opener's os.open() of the same name.
 */
void sm_late_open_next(const char *event, struct py_object *args);
/* From the interposers: path is opened in dir_fd. True: denied, errno set. */
bool sm_late_open_is_denied(int dir_fd, const char *path);
void sm_late_open_reset(void); /* in a forked child */

/* ---------------------------------------------------------- environment.c */

/* Remembers what this process was started with; before any Python runs. */
void sm_environment_setup(void);
/*
 * LD_*, PYTHON* and PATH that a child would get and this process did not, as
 * "NAME=HASH NAME=HASH"; empty: none. variables: a dict, a list of NAME=VALUE,
 * or NULL and None for the process's own.
 */
struct sm_str sm_environment_changes(struct sm_box *box,
				     struct py_object *variables,
				     char out[SM_PATH_MAX]);
/* The same of variables as execve(2) takes them; writes only out. */
struct sm_str sm_environment_changes_of(char *const variables[],
					char out[SM_PATH_MAX]);

/* ----------------------------------------------------------------- exec.c */

/* What one of the exec family was called with. */
struct sm_exec {
	const char *path; /* NULL: the descriptor dir_fd itself */
	int dir_fd;	  /* or AT_FDCWD */
	bool is_searched; /* a path without a slash is looked for on PATH */
	char *const *argv, *const *envp;
};

/* An interpreter is here: from now on its execs are looked at. */
void sm_exec_watch(void);
void sm_exec_reset(void);  /* in a forked child; its announcement stays */
void sm_exec_forget(void); /* the announcement, by who has forked */
/* event was not denied, so what it starts may be started. Under the lock. */
void sm_exec_announce(struct sm_box *box, const struct sm_event *event,
		      struct py_object *args);
/*
 * From the interposers: what no event has announced is recorded and decided.
 * True: not to be called, errno says why. Also between vfork and exec.
 */
bool sm_exec_is_denied(const struct sm_exec *exec);
/*
 * For calls that prepare one: who makes it, in the running thread. False: it is
 * none of our business.
 */
bool sm_exec_view(struct sm_view *view);
/* This thread seems about to vfork; it, or its child, is through with that. */
void sm_exec_before_vfork(void);
void sm_exec_after_vfork(void);

/* ----------------------------------------------------------- spawn_open.c */

/* From the interposers: a child is to open path. True: denied. */
bool sm_spawn_open_is_denied(const char *path, int flags);

/* ------------------------------------------------------------ exec_note.c */

/* vfork children have left notes of what they execute. */
bool sm_exec_has_notes(void);
void sm_exec_publish(void);

/* ------------------------------------------------------------- announce.c */

/*
 * The event that tells what a call found which was announced by one of kind;
 * SM_EVENT_OTHER: there is none.
 */
enum sm_event_kind sm_announce_second(enum sm_event_kind kind);
/*
 * event was not denied: this thread's next call by its name is looked at.
 * is_misread: it may be relative to another directory than was decided by.
 */
void sm_announce(const struct sm_view *view, const struct sm_event *event,
		 bool is_misread);
/* It was, by where it may not be: only what the call finds allows it. */
void sm_announce_refused(const struct sm_view *view,
			 const struct sm_event *event);
/* The same where the next call of that kind is the one, whatever its name. */
void sm_announce_any(const struct sm_view *view, enum sm_event_kind kind);
/* frame: of the hook; tells whether a call announced may still be to come. */
void sm_announce_next_event(const void *frame);
/* From now on other Python code may run between an event and its call. */
void sm_announce_hooks(void);
void sm_announce_reset(void); /* in a forked child */
/* Records and decides a second event; under the lock. True: denied. */
bool sm_announce_decide(const struct sm_view *view, enum sm_event_kind kind,
			const struct sm_value *values, uint32_t count,
			struct sm_denial *denial);

/* ------------------------------------------------------------ real_path.c */

void sm_real_setup(bool is_libc); /* open() is the C library's own */

/* ---------------------------------------------------------- real_event.c */

/*
 * The second step of what is decided before the event returns: databases and
 * local sockets. Under the lock. True: denied.
 */
bool sm_real_at_once(const struct sm_view *view, const struct sm_event *event,
		     struct sm_denial *denial);

/* ---------------------------------------------- interpose.c, interpose_*.c */

void sm_interpose_setup(void);
/* From now on children are told that they were started from start. */
void sm_interpose_start(struct sm_str start);
/* Whether Python's calls of open and openat come to us. */
bool sm_interpose_sees_open(void);
/* Whether its calls of the exec family and posix_spawn do. */
bool sm_interpose_sees_exec(void);
/* openat(), or open() where dir_fd is AT_FDCWD, past our interposers. */
int sm_interpose_open(int dir_fd, const char *path, int flags, mode_t mode);

#endif
