/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hook.c: from an audit event to a record and a verdict.
 */
#include "recorder/agent/agent.h"

#include <errno.h>
#include <sched.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/*
 * Under the lock. Where a page begins: an event takes 253 ns or 268, by where
 * in their pages the places lie that it touches of these 45 KB.
 */
static _Alignas(4096) struct sm_box box;
static SM_THREAD_LOCAL bool is_inside;	   /* the locked part, this thread */
static SM_THREAD_LOCAL uint32_t thread_id; /* 0: not asked yet */
static _Atomic bool runs_main;		   /* python -c, or code on stdin */

/* -------------------------------------------------------------------- lock */

#define SPINS  100
#define YIELDS 200000 /* well over a second: nobody holds it that long */

static _Atomic bool lock;

static bool try_lock(void)
{
	return !atomic_load_explicit(&lock, memory_order_relaxed) &&
	       !atomic_exchange_explicit(&lock, true, memory_order_acquire);
}

SM_OFTEN bool sm_agent_lock(void)
{
	for (unsigned i = 0; i < SPINS; i++)
		if (try_lock())
			goto locked;
	for (unsigned i = 0; i < YIELDS; i++) {
		if (try_lock())
			goto locked;
		sched_yield();
	}
	return false;
locked:
	is_inside = true;
	return true;
}

SM_OFTEN void sm_agent_unlock(void)
{
	is_inside = false;
	atomic_store_explicit(&lock, false, memory_order_release);
}

void sm_agent_lock_reset(void)
{
	is_inside = false;
	atomic_store(&lock, false);
}

uint64_t sm_agent_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

uint32_t sm_agent_thread(void)
{
	if (!thread_id)
		thread_id = (uint32_t)syscall(SYS_gettid);
	return thread_id;
}

void sm_agent_thread_reset(void)
{
	thread_id = 0;
	sm_late_open_reset();
	sm_announce_reset();
}

/* ------------------------------------------------------------------- kinds */

#define NAMES 512u

/*
 * Most names are literals of CPython's: the address tells which. It does not
 * for sys.audit() with a made-up name, so the text is compared too.
 */
static struct {
	_Atomic(const char *) at;
	_Atomic uint32_t kind;
} names[NAMES];

static bool is_name(const char *event, uint32_t kind)
{
	const struct sm_catalogue_entry *entry =
		sm_catalogue_entry((enum sm_event_kind)kind);

	return entry && !strncmp(event, entry->name.p, entry->name.len) &&
	       !event[entry->name.len];
}

static enum sm_event_kind kind_of(const char *event)
{
	uint32_t slot =
		(uint32_t)(((uintptr_t)event * 0x9e3779b97f4a7c15u) >> 40) %
		NAMES;
	uint32_t kind =
		atomic_load_explicit(&names[slot].kind, memory_order_relaxed);

	if (atomic_load_explicit(&names[slot].at, memory_order_relaxed) ==
		    event &&
	    is_name(event, kind))
		return (enum sm_event_kind)kind;
	kind = sm_catalogue_find(sm_str_of(event));
	atomic_store_explicit(&names[slot].at, event, memory_order_relaxed);
	atomic_store_explicit(&names[slot].kind, kind, memory_order_relaxed);
	return (enum sm_event_kind)kind;
}

/* --------------------------------------------------------------- recording */

static void count(_Atomic uint64_t *counter)
{
	atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
}

static void count_noise(void)
{
	if (!sm_agent.has_ring) {
		count(&sm_agent.homeless_noise);
		return;
	}
	count(&sm_agent.writer.header->attempts);
	count(&sm_agent.writer.header->noise);
}

/*
 * Tells the ring which code entry is. False: no room, and so none for the
 * event either.
 */
SM_RARELY static bool tell_code(struct sm_code *entry)
{
	struct sm_record_code record;
	uint8_t *out = sm_ring_reserve(&sm_agent.writer);

	if (!out)
		return false;
	entry->ring_id = sm_agent.ring_codes + 1;
	record = (struct sm_record_code){ .id = entry->ring_id,
					  .file = entry->file,
					  .function = entry->function,
					  .package = entry->package,
					  .kind = entry->kind };
	sm_ring_commit(&sm_agent.writer,
		       sm_record_put_code(out, SM_RECORD_MAX, &record));
	entry->ring = sm_agent.ring_number;
	sm_agent.ring_codes++;
	return true;
}

/* The id of code in this ring, told first if need be: hardly ever. */
static inline bool get_code_id(const struct sm_code *code, uint32_t *id)
{
	struct sm_code *entry;

	*id = 0;
	if (!code || !code->number)
		return true;
	if (code->ring == sm_agent.ring_number) {
		*id = code->ring_id;
		return true;
	}
	entry = sm_code_entry(code->number);
	if (!entry)
		return true;
	/* code may be a copy of the entry from before that was told */
	if (entry->ring != sm_agent.ring_number && !tell_code(entry))
		return false;
	*id = entry->ring_id;
	return true;
}

SM_RARELY static void tell_interpreter(void)
{
	struct sm_trace_interpreter interpreter;
	uint8_t *out;

	if (!sm_code_interpreter(&interpreter))
		return;
	out = sm_ring_reserve(&sm_agent.writer);
	if (!out)
		return;
	sm_ring_commit(
		&sm_agent.writer,
		sm_record_put_interpreter(out, SM_RECORD_MAX, &interpreter));
	sm_agent.ring_has_interpreter = true;
}

/* The record goes before the first event the new policies decide. */
SM_RARELY static void tell_reload(void)
{
	struct sm_record_policy record = { sm_agent.policy_generation,
					   sm_agent.reloaded_seq,
					   sm_agent.reloaded_ns };
	uint8_t *out = sm_ring_reserve(&sm_agent.writer);

	if (!out)
		return;
	sm_ring_commit(&sm_agent.writer,
		       sm_record_put_policy(out, SM_RECORD_MAX, &record));
	sm_agent.reloaded_seq = 0;
}

SM_RARELY static bool tell_loss(enum sm_loss cause, uint64_t lost)
{
	struct sm_record_lost record = { cause, lost, sm_agent_now_ns() };
	uint8_t *out = sm_ring_reserve(&sm_agent.writer);

	if (!out)
		return false;
	sm_ring_commit(&sm_agent.writer,
		       sm_record_put_lost(out, SM_RECORD_MAX, &record));
	return true;
}

static bool put_event(const struct sm_view *view,
		      struct sm_record_event *record)
{
	struct sm_ring_writer *writer = &sm_agent.writer;
	uint32_t bytes;
	uint8_t *out;

	if (writer->dropped_since) {
		if (!tell_loss(SM_LOSS_RING_FULL, writer->dropped_since))
			return false;
		writer->dropped_since = 0;
	}
	if (!get_code_id(view->caller, &record->caller) ||
	    !get_code_id(view->owner, &record->owner))
		return false;
	out = sm_ring_reserve(writer);
	if (!out)
		return false;
	bytes = sm_record_put_event(out, SM_RECORD_MAX, record);
	sm_ring_commit(writer, bytes);
	if (!bytes) {
		count(&writer->header->lost[SM_LOSS_TOO_LARGE]);
		tell_loss(SM_LOSS_TOO_LARGE, 1);
	}
	return true;
}

SM_OFTEN void sm_agent_store(const struct sm_view *view,
			     struct sm_record_event *record)
{
	if (!sm_agent.has_ring) {
		count(&sm_agent.homeless);
		return;
	}
	if (!sm_agent.ring_has_interpreter)
		tell_interpreter();
	if (sm_agent.reloaded_seq)
		tell_reload();
	count(&sm_agent.writer.header->attempts);
	if (put_event(view, record))
		return;
	count(&sm_agent.writer.header->lost[SM_LOSS_RING_FULL]);
	sm_agent.writer.dropped_since++;
}

/* ------------------------------------------------------------------ taking */

/* The runtime is being torn down: no frames, nothing to deny. */
static bool is_teardown(enum sm_event_kind kind)
{
	return kind == SM_EVENT_HOOKS_CLEAR ||
	       kind == SM_EVENT_INTERPRETER_CLEAR;
}

/* An event as it arrived, and what it counts for. */
struct arrival {
	enum sm_event_kind kind;
	bool is_raised, is_forged; /* by sys.audit(); without being CPython's */
	const char *name;
	struct py_object *args;
};

static struct sm_str name_of(const struct arrival *a,
			     const struct sm_catalogue_entry *entry)
{
	static char forged[64]; /* under the lock */
	struct sm_str name;

	if (entry)
		return entry->name;
	if (a->is_forged) {
		snprintf(forged, sizeof(forged), SM_EVENT_FORGED "%s", a->name);
		return sm_str_of(forged);
	}
	name = sm_str_of(a->name);
	if (name.len > 256)
		name.len = 256;
	return name;
}

static void build(const struct sm_view *view, const struct arrival *a,
		  struct sm_event *event)
{
	const struct sm_catalogue_entry *entry = sm_catalogue_entry(a->kind);

	memset(event, 0, sizeof(*event));
	event->seq = ++sm_agent.seq;
	event->time_ns = sm_agent_now_ns();
	event->thread = sm_agent_thread();
	event->site.kind = a->kind;
	event->site.event = name_of(a, entry);
	sm_frames_site(view, &event->site);
	sm_extract(&box, entry, a->args, event);
	if (entry)
		sm_resolve(&box, entry, a->args, event);
}

static void release_held(struct py_object **held, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		sm_py.Py_DecRef(held[i]);
}

bool sm_agent_lost(void)
{
	if (!sm_agent.has_ring) {
		count(&sm_agent.homeless);
	} else {
		count(&sm_agent.writer.header->attempts);
		count(&sm_agent.writer.header->lost[SM_LOSS_RING_FULL]);
	}
	if (!(sm_agent.flags & SM_CHANNEL_ENFORCE) ||
	    sm_agent.flags & (SM_CHANNEL_WARN | SM_CHANNEL_FAIL_OPEN))
		return false;
	sm_channel_note_denial(sm_agent.seq);
	return true;
}

SM_RARELY static int take_nothing(void)
{
	struct sm_denial denial = { .text = "secmgr: busy", .text_length = 12 };

	if (!sm_agent_lost())
		return 0;
	sm_deny_raise(&denial);
	return -1;
}

static void before(const struct sm_view *view, const struct arrival *a)
{
	if (view->caller || a->is_raised)
		return;
	if (a->kind == SM_EVENT_RUN_COMMAND || a->kind == SM_EVENT_RUN_STDIN)
		atomic_store(&runs_main, true);
	if (a->kind == SM_EVENT_EXEC && atomic_load(&runs_main) && a->args &&
	    sm_py.PyTuple_Size(a->args) == 1)
		sm_code_mark_main(sm_py.PyTuple_GetItem(a->args, 0));
}

/* Only what really happens changes anything. */
SM_OFTEN static void after(const struct arrival *a)
{
	enum sm_event_kind kind = a->kind;

	if (a->is_raised)
		return;
	if (kind == SM_EVENT_OS_CHDIR)
		sm_resolve_cwd_changed();
	if (kind == SM_EVENT_SYS_ADDAUDITHOOK)
		sm_announce_hooks();
	if (kind == SM_EVENT_INTERPRETER_CLEAR)
		sm_code_forget_interpreter();
	if (kind == SM_EVENT_HOOKS_CLEAR) {
		sm_code_forget_all();
		sm_forged_forget();
		sm_load_on_clear();
	}
}

/*
 * Whether the event is one the policy decides: all are, but in an interpreter
 * that raises recorded events again only those that are marked. Under the lock.
 */
static bool is_asked(const struct sm_event *event)
{
	/* The event before this one was the mark. */
	static SM_THREAD_LOCAL bool is_marked;
	bool was_marked = is_marked;

	if (!(sm_agent.flags & SM_CHANNEL_LIVE))
		return true;
	is_marked =
		sm_str_equal(event->site.event, SM_STR(SM_CHANNEL_LIVE_MARK));
	return was_marked;
}

/* Starts a program, by a call that the interposers see. */
static bool is_spawn(enum sm_event_kind kind)
{
	switch (kind) {
	case SM_EVENT_SUBPROCESS_POPEN:
	case SM_EVENT_FORK_EXEC:
	case SM_EVENT_OS_EXEC:
	case SM_EVENT_OS_POSIX_SPAWN:
	case SM_EVENT_OS_SYSTEM:
		return true;
	default:
		return false;
	}
}

static bool is_sent(enum sm_event_kind kind)
{
	return kind == SM_EVENT_SOCKET_CONNECT ||
	       kind == SM_EVENT_SOCKET_SENDTO ||
	       kind == SM_EVENT_SOCKET_SENDMSG;
}

static bool is_loading(enum sm_event_kind kind)
{
	return kind == SM_EVENT_IMPORT || kind == SM_EVENT_CTYPES_DLOPEN ||
	       kind == SM_EVENT_SQLITE3_LOAD;
}

/* os.open() in a directory that its event does not tell: see late_open.c. */
static bool is_misread(const struct sm_event *event)
{
	const struct sm_value *name = event->argc ? &event->args[0] : NULL;

	return event->site.kind == SM_EVENT_OPEN && event->argc > 1 &&
	       event->args[1].type == SM_NONE && name->len &&
	       sm_value_is_string(name) && name->s[0] != '/';
}

static void look(struct arrival *a, struct sm_view *view)
{
	if (is_teardown(a->kind) && !a->is_raised) {
		*view = (struct sm_view){ .via = SM_VIA_EXEC,
					  .kind = SM_PRINCIPAL_PYTHON };
		return;
	}
	sm_frames_view(view);
	if (!a->is_raised || !sm_forged_is(a->kind, view))
		return;
	a->kind = SM_EVENT_OTHER;
	a->is_forged = true;
}

SM_OFTEN static int take(struct arrival *a)
{
	struct py_object *held[SM_HELD_MAX];
	struct sm_denial denial;
	static struct sm_record_event record; /* under the lock */
	struct sm_view view;
	uint32_t held_count;
	bool asked, has_effect, is_denied;

	if (!(sm_agent.flags & SM_CHANNEL_ENFORCE) && sm_channel_is_lost()) {
		count(&sm_agent.homeless);
		after(a);
		return 0;
	}
	look(a, &view);
	before(&view, a);
	if (a->kind == SM_EVENT_OPEN && !(sm_agent.flags & SM_CHANNEL_LIVE) &&
	    sm_late_open_keep(&view, a->args))
		return 0;
	if (!sm_agent_lock())
		return take_nothing();
	sm_channel_check();
	build(&view, a, &record.event);
	asked = is_asked(&record.event);
	if (a->kind == SM_EVENT_RESOLVED && sm_agent.flags & SM_CHANNEL_LIVE)
		sm_names_repeat(&record.event);
	if (sm_agent.flags & SM_CHANNEL_LIVE)
		sm_named_repeat(&record.event);
	/* What is raised again tells of the past, not of this process. */
	has_effect = !asked || !(sm_agent.flags & SM_CHANNEL_LIVE);
	is_denied = asked && sm_deny_decide(&view, &record.event, &denial);
	if (asked && sm_agent.flags & SM_CHANNEL_LIVE)
		sm_named_forget();
	sm_secrets_tell(&box.secrets);
	sm_agent_store(&view, &record);
	if (!is_denied && sm_announce_second(a->kind))
		sm_announce(&view, &record.event, is_misread(&record.event));
	else if (!is_denied && has_effect)
		is_denied = sm_real_at_once(&view, &record.event, &denial);
	if (is_spawn(a->kind) && !is_denied)
		sm_exec_announce(&box, &record.event, a->args);
	if (is_loading(a->kind) && !is_denied)
		sm_library_announce(&record.event);
	if (is_sent(a->kind) && !is_denied && has_effect &&
	    sm_peer_is_encoded(a->args))
		sm_peer_announce(&view, &record.event);
	held_count = box.held_count;
	if (held_count)
		memcpy(held, box.held, held_count * sizeof(held[0]));
	sm_agent_unlock();
	release_held(held, held_count);
	if (has_effect)
		after(a);
	if (!is_denied)
		return 0;
	sm_deny_raise(&denial);
	return -1;
}

/*
 * Callers that drop our exception look at errno, and print it when it was the
 * program they could not open. Others make an OSError of it on top of ours:
 * for a number that has a class of its own (ENOENT, EACCES) that ends in a
 * SystemError and, where the interpreter starts, in a fatal one. "Operation
 * canceled" has none.
 */
#define DENIED_ERRNO ECANCELED

SM_OFTEN int sm_agent_hook(const char *event, struct py_object *args,
			   void *data)
{
	struct arrival a = { .name = event, .args = args };
	int saved = errno, result = 0;

	(void)data;
	/* Nothing we call raises any: the program, in some finalizer. */
	if (is_inside)
		return take_nothing();
	if (!sm_py.is_probed)
		sm_python_probe();
	if (!sm_py.is_tuple_probed && args)
		sm_python_probe_tuple(args);
	if (sm_channel_is_copy())
		sm_channel_child();
	if (sm_late_open_is_waiting())
		sm_late_open_next(event, args);
	if (sm_exec_has_notes())
		sm_exec_publish();
	sm_announce_next_event(__builtin_frame_address(0));
	if (!sm_forged_is_watched)
		sm_forged_watch();
	a.kind = kind_of(event);
	/* An interpreter that raises recorded events again does it that way. */
	a.is_raised =
		sm_forged_name == event && !(sm_agent.flags & SM_CHANNEL_LIVE);
	if (sm_event_class(a.kind) == SM_CLASS_NOISE && !a.is_raised &&
	    !(sm_agent.flags & SM_CHANNEL_NOISE))
		count_noise();
	else
		result = take(&a);
	errno = result ? DENIED_ERRNO : saved;
	return result;
}
