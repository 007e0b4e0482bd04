/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trace.h: the store of recorded events: one SQLite file, format 0.
 *
 * The file's tables are documented in schema/trace.sql, the blobs inside in
 * schema/event.cddl. A writer belongs to one thread; readers are independent
 * of each other and of the writer, in any process, also while it writes.
 */
#ifndef SCHEMA_TRACE_H
#define SCHEMA_TRACE_H

#include "schema/event.h"
#include "schema/named.h"
#include "schema/status.h"

#define SM_TRACE_FORMAT 0

/* ---------------------------------------------------------------- writing */

struct sm_trace_writer;

enum sm_trace_open_mode {
	SM_TRACE_CREATE, /* SM_EXISTS when the file is there */
	SM_TRACE_FORCE,	 /* replaces it */
	SM_TRACE_APPEND, /* continues it; creates it when missing */
};

/* A covered process. Strings are borrowed for the call. */
struct sm_trace_process {
	uint32_t pid;	     /* in the collector's pid namespace */
	uint32_t guest_pid;  /* as the process sees itself */
	uint32_t parent_pid; /* collector's namespace; 0: unknown */
	uint32_t uid;
	uint64_t start_ns;	   /* CLOCK_MONOTONIC when it said hello */
	const char *started_by;	   /* "exec", "fork" */
	struct sm_str exe;	   /* /proc/PID/exe */
	const struct sm_str *argv; /* redacted by the agent */
	uint32_t argc;
	struct sm_str cwd;
	/* By its command line: ${ARG}, ${START}. Written: NULL is nothing;
	 * read: never.
	 */
	const struct sm_named *named;
};

/* What the interpreter says of itself, once known. */
struct sm_trace_interpreter {
	struct sm_str version; /* "3.11.2 (main, ...)" */
	struct sm_str stdlib;  /* "/usr/lib/python3.11" */
	struct sm_str prefix;  /* sys.prefix */
	struct sm_str home;    /* $HOME at start; may be empty */
	struct sm_str tmp;     /* $TMPDIR or "/tmp" */
};

enum sm_loss {
	SM_LOSS_RING_FULL,  /* dropped by the agent */
	SM_LOSS_TOO_LARGE,  /* a record longer than the ring accepts */
	SM_LOSS_TORN,	    /* process died while writing */
	SM_LOSS_DAMAGED,    /* record did not decode */
	SM_LOSS_NO_CHANNEL, /* a process that could not be covered */
	SM_LOSS_STORE,	    /* the disk refused */
	SM_LOSSES
};
const char *sm_loss_name(enum sm_loss loss);

/* A policy as it was handed out; sha256 empty: none was. */
struct sm_trace_policy_text {
	struct sm_str path, sha256, text;
};
/* What processes were held to from a point in time on: a row of `policy`. */
struct sm_trace_policy {
	uint64_t time_ns;
	struct sm_str mode; /* "block", "warn" */
	struct sm_trace_policy_text enforced, shadow;
};
/* From event seq on process decided by a policy: a row of `adoption`. */
struct sm_trace_adoption {
	uint32_t process, policy; /* their numbers */
	uint64_t seq, time_ns;
};

/* Final accounting of a process: attempts = stored + noise + sum(lost). */
struct sm_trace_account {
	uint64_t end_ns;
	int32_t exit_status; /* wait(2) status; -1: not ours to know */
	uint64_t attempts;   /* events the hook was called for */
	uint64_t stored;
	uint64_t noise; /* counted, by catalogue class */
	uint64_t lost[SM_LOSSES];
};

/*
 * Creates or continues path. meta facts (tool version, command, host, clock
 * pair, boot id) go in with sm_trace_set_meta(). WAL while open.
 */
SM_CHECKED enum sm_status sm_trace_writer_open(const char *path,
					       enum sm_trace_open_mode mode,
					       struct sm_trace_writer **out,
					       struct sm_diag *diag);
/* Key of what is installed, the site directory follows: see trace.sql. */
#define SM_META_DISTRIBUTIONS "distributions."
/* Of the application's modules, a root follows. */
#define SM_META_MODULES "modules."
/* Of what code imports, its root or distribution follows. */
#define SM_META_IMPORTS "imports."
/* Of a recording, the number of its first process follows. */
#define SM_META_RECORDING "recording."
SM_CHECKED enum sm_status sm_trace_set_meta(struct sm_trace_writer *writer,
					    const char *key, const char *value);
/* The processes added from now on are of another recording, of command. */
SM_CHECKED enum sm_status
sm_trace_begin_recording(struct sm_trace_writer *writer, const char *command);
/*
 * Signs checkpoints from the next commit on: one every 10 seconds at most, and
 * the last. signer (schema/trace/sign.h) is borrowed until close.
 */
struct sm_signer;
void sm_trace_sign(struct sm_trace_writer *writer,
		   const struct sm_signer *signer);
/*
 * Of a new trace, before its first commit: it goes on where another one ended,
 * whose last checkpoint had this hash (sm_trace_last_seal()).
 */
#define SM_META_FOLLOWS "follows"
SM_CHECKED enum sm_status sm_trace_follow(struct sm_trace_writer *writer,
					  const char *hash);
/* *number is the process's row, counted from 1 over the whole trace. */
SM_CHECKED enum sm_status
sm_trace_add_process(struct sm_trace_writer *writer,
		     const struct sm_trace_process *process, uint32_t *number);
SM_CHECKED enum sm_status
sm_trace_set_interpreter(struct sm_trace_writer *writer, uint32_t process,
			 const struct sm_trace_interpreter *interpreter);
SM_CHECKED enum sm_status
sm_trace_end_process(struct sm_trace_writer *writer, uint32_t process,
		     const struct sm_trace_account *account);
/* A loss with a place in time: count events of process, before seq. */
SM_CHECKED enum sm_status sm_trace_add_loss(struct sm_trace_writer *writer,
					    uint32_t process,
					    enum sm_loss cause, uint64_t count,
					    uint64_t time_ns);
/* *number counts from 1 over the whole trace. */
SM_CHECKED enum sm_status
sm_trace_add_policy(struct sm_trace_writer *writer,
		    const struct sm_trace_policy *policy, uint32_t *number);
SM_CHECKED enum sm_status
sm_trace_add_adoption(struct sm_trace_writer *writer,
		      const struct sm_trace_adoption *adoption);
/* From event seq on what process does follows a denial. */
SM_CHECKED enum sm_status
sm_trace_set_after_denial(struct sm_trace_writer *writer, uint32_t process,
			  uint64_t seq);
/*
 * Interns a site; the same site gives the same id (or, past the interner's
 * bound, a fresh one: duplicates are legal). Ids are valid for this writer.
 */
SM_CHECKED enum sm_status sm_trace_intern_site(struct sm_trace_writer *writer,
					       const struct sm_site *site,
					       uint32_t *id);
/*
 * The same for one of several that must not fill the memory for the others:
 * *taken, 0 at first, is what its new sites took. SM_LIMIT: a new site of who
 * has taken a quarter of what is left.
 */
SM_CHECKED enum sm_status
sm_trace_intern_site_of(struct sm_trace_writer *writer,
			const struct sm_site *site, size_t *taken,
			uint32_t *id);
/*
 * Appends an event; site is from sm_trace_intern_site() and event->site is not
 * read. Copies what it keeps. Events of one process come in seq order; between
 * processes any order. Denials (verdict WARNED or DENIED) also go to `denial`.
 */
SM_CHECKED enum sm_status sm_trace_append(struct sm_trace_writer *writer,
					  uint32_t site,
					  const struct sm_event *event);
/*
 * Writes what is buffered as small blocks and commits; call at least once a
 * second while events come in. Full blocks are cut and committed on their own.
 * SM_IO keeps the buffer: call again when space may have returned.
 */
SM_CHECKED enum sm_status sm_trace_commit(struct sm_trace_writer *writer,
					  struct sm_diag *diag);
/* Bytes the writer buffers that are not committed yet. */
size_t sm_trace_buffered_bytes(const struct sm_trace_writer *writer);
/*
 * What the file will take once closed, summary included: an estimate, rather
 * too high than too low.
 */
uint64_t sm_trace_bytes(const struct sm_trace_writer *writer);
/*
 * Commits, merges the tail, writes summary tables, checkpoints, leaves one
 * file (journal_mode=DELETE). Frees writer whatever happens. SM_NOT_FOUND: the
 * file has been removed meanwhile.
 */
SM_CHECKED enum sm_status sm_trace_writer_close(struct sm_trace_writer *writer,
						struct sm_diag *diag);

/* ---------------------------------------------------------------- reading */

struct sm_trace; /* an open trace, read-only */

/*
 * Opens and checks format and table definitions. SM_NOT_FOUND, SM_IO,
 * SM_NOT_OURS, SM_VERSION, SM_DAMAGED; diag names the file and the remedy.
 * Never writes, never runs SQL found in the file.
 */
SM_CHECKED enum sm_status sm_trace_open(const char *path, struct sm_trace **out,
					struct sm_diag *diag);
void sm_trace_close(struct sm_trace *trace);
/*
 * Events read from now on have "%secret:HEX%" (schema/secret.h) where it stands
 * in the trace. For those that show events: who decides or learns wants
 * "%secret%", which is what it is otherwise.
 */
void sm_trace_tell_secrets(struct sm_trace *trace);
const char *sm_trace_path(const struct sm_trace *trace);
/* A meta value, or NULL; valid until close. */
const char *sm_trace_meta(const struct sm_trace *trace, const char *key);
/* All of them, by index from 0: the key (and its value), NULL beyond. */
const char *sm_trace_meta_at(const struct sm_trace *trace, size_t index,
			     const char **value);

/* One row of `process`; strings are valid until close. */
struct sm_trace_process_info {
	uint32_t number;
	struct sm_trace_process start;
	struct sm_trace_interpreter interpreter; /* version empty: none seen */
	bool has_ended;
	struct sm_trace_account account; /* partial while !has_ended */
	uint64_t after_denial;		 /* seq from which on it is; 0: never */
};
size_t sm_trace_process_count(const struct sm_trace *trace);
/* number counts from 1; NULL beyond. */
const struct sm_trace_process_info *
sm_trace_process(const struct sm_trace *trace, uint32_t number);
/* Events lost over all processes, by cause; sum over causes returned. */
uint64_t sm_trace_lost(const struct sm_trace *trace, uint64_t lost[SM_LOSSES]);

/* A row of `loss`, as given to sm_trace_add_loss(); false beyond the last. */
struct sm_trace_loss {
	uint32_t process;
	enum sm_loss cause;
	uint64_t count, time_ns;
};
bool sm_trace_loss_at(const struct sm_trace *trace, size_t i,
		      struct sm_trace_loss *loss);

/* Policies processes were held to, numbers from 1; NULL beyond. */
const struct sm_trace_policy *sm_trace_policy(const struct sm_trace *trace,
					      uint32_t number);
/* Sorted by process and seq; false beyond the last. */
bool sm_trace_adoption_at(const struct sm_trace *trace, size_t i,
			  struct sm_trace_adoption *adoption);
/* The number of the policy that decided an event; 0: none did. */
uint32_t sm_trace_policy_of(const struct sm_trace *trace, uint32_t process,
			    uint64_t seq);
/* Whether an event follows a denial in its process. */
bool sm_trace_is_after_denial(const struct sm_trace *trace,
			      const struct sm_event *event);

/*
 * identity.c: what tells recordings from copies of one. Of a trace that still
 * grows the number changes. seed: of the process's host.
 */
uint64_t sm_trace_identity(const struct sm_trace *trace);
uint64_t sm_trace_host_identity(const struct sm_trace *trace);
uint64_t sm_trace_process_identity(uint64_t seed,
				   const struct sm_trace_process *process);

/*
 * A necessary condition for events of interest; blocks that cannot match are
 * not opened. The caller still checks each event. All members optional.
 */
struct sm_trace_query {
	uint64_t from_ns, to_ns; /* CLOCK_MONOTONIC; to_ns 0: no end */
	const bool *kinds;	 /* [SM_EVENTS]; NULL: all */
	uint32_t process;	 /* 0: all */
	struct sm_str contains; /* some string of the event holds these bytes */
	bool denied_only;
};

struct sm_trace_cursor;

/* query may be NULL. Iterates in storage order: by time to within a block. */
SM_CHECKED enum sm_status sm_trace_events(struct sm_trace *trace,
					  const struct sm_trace_query *query,
					  struct sm_trace_cursor **out,
					  struct sm_diag *diag);
/*
 * The next event; SM_END after the last. *event and what it points to are
 * valid until the next call on any cursor of the trace. *site_id equals for
 * equal sites of this trace and is < sm_trace_site_count(): readers can keep
 * tables by it. A damaged block gives SM_DAMAGED once (diag names it); the next
 * call goes on behind it.
 */
SM_CHECKED enum sm_status sm_trace_next(struct sm_trace_cursor *cursor,
					const struct sm_event **event,
					uint32_t *site_id,
					struct sm_diag *diag);
/* What replay needs of an event it has seen the like of. */
struct sm_trace_brief {
	uint64_t key; /* sm_trace_key() */
	uint64_t seq, time_ns;
	uint32_t site_id, process;
	uint8_t decision, shadow; /* recorded, enum sm_decision */
};
/* As sm_trace_next(), without decoding arguments; *brief is a copy. */
SM_CHECKED enum sm_status sm_trace_skim(struct sm_trace_cursor *cursor,
					struct sm_trace_brief *brief,
					struct sm_diag *diag);
/*
 * The event sm_trace_skim() stands on, decoded; valid as sm_trace_next()'s.
 * NULL when its block turns out to be damaged: the next call goes on behind it.
 */
const struct sm_event *sm_trace_event(struct sm_trace_cursor *cursor);
/*
 * Events of one site and form, in bulk: for passes over whole traces that do
 * not need to know when. Block by block and there group by group, so the order
 * of time is given up between groups, not inside one. The cursor must be new
 * and is used for nothing else then. Of a query only from_ns and to_ns may be
 * set; blocks are passed over by it, never events.
 */
struct sm_trace_when {
	uint64_t time_ns, seq;
	uint32_t process, thread;
};
/* Of all events of a block, by their places there. */
struct sm_trace_whens {
	const uint64_t *times_ns;
	const uint32_t
		*processes; /* of each, where process is 0; else all's: */
	uint32_t process;
	bool ascends; /* no event is before one of its process in front of it */
};
struct sm_trace_bulk {
	uint32_t site_id, count;
	uint8_t decision, shadow; /* recorded, enum sm_decision */
	bool is_one;		  /* all keys are equal */
	/* [count]; valid until the next call */
	const uint64_t *keys; /* sm_trace_key() */
	/* NULL unless asked for: */
	const uint16_t *rows; /* [count]: places of the events, ascending */
	const struct sm_trace_whens *whens;
	/* Of a block's first bulk: which places its bulks hold; else 0, 0. */
	uint32_t first_row, end_row;
};
/* Asks for rows and whens, before the first sm_trace_bulk(). */
void sm_trace_bulk_with_whens(struct sm_trace_cursor *cursor);
/* SM_END and SM_DAMAGED as sm_trace_next(). */
SM_CHECKED enum sm_status sm_trace_bulk(struct sm_trace_cursor *cursor,
					struct sm_trace_bulk *bulk,
					struct sm_diag *diag);
/* Event number at (< count) of the bulk, decoded; as sm_trace_event(). */
const struct sm_event *sm_trace_bulk_event(struct sm_trace_cursor *cursor,
					   uint32_t at);
/* The same of when it was; false: as NULL of sm_trace_bulk_event(). */
bool sm_trace_bulk_when(struct sm_trace_cursor *cursor, uint32_t at,
			struct sm_trace_when *when);
/*
 * For live traces: after SM_END, call again later to get what was committed
 * since. False when the trace was closed cleanly and no more can come.
 */
bool sm_trace_may_grow(struct sm_trace_cursor *cursor);
void sm_trace_cursor_free(struct sm_trace_cursor *cursor);
uint32_t sm_trace_site_count(const struct sm_trace *trace);

/*
 * A 64-bit key of what decides an event: equal for events of one trace whose
 * site, key arguments and resolved texts are equal (compared by interned ids,
 * so it is cheap). For memo tables in replay and learning.
 */
uint64_t sm_trace_key(const struct sm_trace_cursor *cursor);

/*
 * For programs that show how far they are: called between blocks by all that
 * reads a trace from here on, in its thread; NULL: no more.
 */
typedef void sm_trace_progress(void *context, const char *path, uint64_t done,
			       uint64_t all);
void sm_trace_watch(sm_trace_progress *progress, void *context);

/* ------------------------------------------------------------- verification */

/* What the caller knows from elsewhere; all members optional. */
struct sm_trace_trust {
	const uint8_t *key; /* 32 bytes: whose signatures count */
	/* A checkpoint that was kept elsewhere; SM_INVALID: it is none. */
	struct sm_str anchor;
};
struct sm_trace_verified {
	uint64_t blocks, chunks, events, checkpoints, signatures;
	uint64_t signed_events; /* up to this number */
	uint64_t sealed_ns;	/* CLOCK_REALTIME of the last checkpoint */
	bool is_last_signed;
	bool is_closed; /* false: killed, or still being written */
	/* Hexadecimal; of the last checkpoint, and of what the first follows.
	 */
	char key[65], last[65], follows[65];
};
/*
 * Hashes every row again and compares with the checkpoints; checks that all
 * decodes. found (may be NULL) is called for each finding; SM_DAMAGED when
 * there was any, with diag naming the first. A trace that is being written is
 * seen as of one commit.
 */
typedef void sm_trace_finding(void *context, const struct sm_diag *finding);
SM_CHECKED enum sm_status
sm_trace_verify(const char *path, const struct sm_trace_trust *trust,
		sm_trace_finding *found, void *context,
		struct sm_trace_verified *result, struct sm_diag *diag);

/* The last checkpoint as text, its signature and its hash in hexadecimal. */
#define SM_SEAL_TEXT_MAX 4096
struct sm_trace_seal {
	char text[SM_SEAL_TEXT_MAX];
	char signature[129]; /* empty: none */
	char hash[65];
};
SM_CHECKED enum sm_status sm_trace_last_seal(const char *path,
					     struct sm_trace_seal *seal,
					     struct sm_diag *diag);

/* Every checkpoint, in order; signature is hexadecimal or empty. */
typedef void sm_trace_checkpoint(void *context, struct sm_str text,
				 const char *signature);
SM_CHECKED enum sm_status sm_trace_checkpoints(const char *path,
					       sm_trace_checkpoint *each,
					       void *context,
					       struct sm_diag *diag);
/* Whether a recorder has the file open. */
bool sm_trace_is_written(const char *path);
/* Writes the trace as it is now to out, also while it is written. SM_IO. */
SM_CHECKED enum sm_status sm_trace_snapshot(const char *path, const char *out,
					    struct sm_diag *diag);

/* Whether the file is a trace, readable or not; false where there is none. */
bool sm_trace_is(const char *path);

/* --------------------------------------------------------------- recovery */

struct sm_trace_recovered {
	uint64_t rows, blocks, events;
	uint64_t changed;     /* chunks and blocks, whose hash tells it */
	uint64_t missing;     /* events between those that were found */
	uint64_t substitutes; /* names, strings, ... that events refer to */
};
/*
 * Writes to out, which must not exist, what can still be read of a trace that
 * does not open or has gaps. SM_NOT_OURS: nothing can. SM_LIMIT: it refers to
 * more lost rows than an honest file can hold.
 */
SM_CHECKED enum sm_status sm_trace_recover(const char *path, const char *out,
					   struct sm_trace_recovered *result,
					   struct sm_diag *diag);

#endif
