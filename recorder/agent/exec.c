/* SPDX-License-Identifier: Apache-2.0 */
/*
 * exec.c: whether a program that is about to run was announced by an event.
 *
 * subprocess.Popen, os.exec, os.posix_spawn and os.system are decided when
 * their events come; the exec that follows in the same thread, or in the child
 * the thread forks, passes if it runs that program with those arguments and
 * variables. Everything else is recorded and decided here, as the event
 * secmgr.exec: what C code starts, `_posixsubprocess.fork_exec` where it raises
 * no event (before 3.14), another file than the one PATH led to, arguments the
 * event could not tell. A denial is EACCES from the C library.
 *
 * A program is decided by the path it is called by and, where symbolic links
 * lead from there to another, by that too: a second secmgr.exec.
 *
 * Who did it is found on the stack where the thread runs Python code, and
 * `foreign` where it does not: ctypes lets the GIL go. A vfork child must not
 * look at the stack, so its parent does, before.
 */
#include "recorder/agent/exec_note.h"
#include "recorder/agent/real.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Hashes of what may run next. */
struct announced {
	bool is_set;
	uint64_t program, argv, variables;
};

static SM_THREAD_LOCAL struct announced announced;

static SM_THREAD_LOCAL struct {
	bool is_set;
	struct sm_kept_view who;
} vforking;

static bool is_watching;
static pid_t own_pid;

void sm_exec_watch(void)
{
	own_pid = getpid();
	is_watching = true;
}

void sm_exec_reset(void)
{
	own_pid = getpid();
	sm_notes_reset();
}

void sm_exec_forget(void)
{
	announced.is_set = false;
}

/* A vfork child: our memory is its parent's. */
static bool is_borrowed(void)
{
	return getpid() != own_pid;
}

/* -------------------------------------------------------------- announcing */

static uint64_t hash_of(struct sm_str s)
{
	return sm_digest(s.p, s.len);
}

static uint64_t mix(uint64_t h, struct sm_str next)
{
	uint64_t both[2] = { h, hash_of(next) };

	return sm_digest(both, sizeof(both));
}

static bool hash_list(struct sm_box *box, struct py_object *list, uint64_t *h)
{
	PY_SIZE n = sm_extract_length(list);
	char room[SM_PATH_MAX];
	struct sm_str text;

	*h = 0;
	for (PY_SIZE i = 0; i < n; i++) {
		struct py_object *item = sm_extract_item(list, i);

		if (!item || !sm_extract_word(box, item, room, &text))
			return false; /* an object: what it says is not known */
		*h = mix(*h, text);
	}
	return n >= 0;
}

static uint64_t hash_argv(char *const argv[])
{
	uint64_t h = 0;

	for (; argv && *argv; argv++)
		h = mix(h, sm_str_of(*argv));
	return h;
}

static struct py_object *argument(const struct sm_event *event,
				  struct py_object *args, enum sm_role role)
{
	int i = sm_catalogue_role(sm_catalogue_entry(event->site.kind), role);

	return i < 0 || i >= sm_python_length(args) ? NULL
						    : sm_python_item(args, i);
}

/* As system() runs it. */
static bool announce_line(struct sm_box *box, struct py_object *line)
{
	struct sm_str text;

	if (!line || !sm_extract_string(box, line, &text))
		return false;
	announced.program = hash_of(SM_STR("/bin/sh"));
	announced.argv = mix(mix(mix(0, SM_STR("sh")), SM_STR("-c")), text);
	return true;
}

static bool announce_program(struct sm_box *box, const struct sm_event *event,
			     struct py_object *args)
{
	struct py_object *argv = argument(event, args, SM_ROLE_ARGV);
	struct sm_str program = event->resolved[0];
	int i = sm_catalogue_role(sm_catalogue_entry(event->site.kind),
				  SM_ROLE_PROGRAM);

	if (!program.len && i >= 0 && (uint32_t)i < event->argc &&
	    sm_value_is_string(&event->args[i]))
		program = sm_value_str(&event->args[i]);
	announced.program = hash_of(program);
	return sm_path_is_canonical(program) && argv &&
	       hash_list(box, argv, &announced.argv);
}

/* Below subprocess.Popen, which has said it. */
static bool asks_for_nothing(const struct sm_event *event)
{
	struct sm_request requests[SM_REQUESTS_MAX];
	struct sm_request_scratch scratch;

	return !sm_event_requests(event, &scratch, requests);
}

void sm_exec_announce(struct sm_box *box, const struct sm_event *event,
		      struct py_object *args)
{
	if (event->site.kind == SM_EVENT_FORK_EXEC && asks_for_nothing(event))
		return;
	announced.variables = hash_of(event->resolved[1]);
	announced.is_set =
		args && (event->site.kind == SM_EVENT_OS_SYSTEM
				 ? announce_line(box, argument(event, args,
							       SM_ROLE_SHELL))
				 : announce_program(box, event, args));
}

static bool is_announced(const struct sm_exec *exec, struct sm_str path,
			 struct sm_str changes)
{
	if (!announced.is_set || !path.len ||
	    announced.program != hash_of(path) ||
	    announced.variables != hash_of(changes) ||
	    announced.argv != hash_argv(exec->argv))
		return false;
	announced.is_set = false;
	return true;
}

/* ----------------------------------------------------------------- program */

/* Not sm_resolve_cwd(): a vfork child has a directory of its own. */
static struct sm_str directory(int dir_fd, char out[SM_PATH_MAX])
{
	long n;

	if (dir_fd != AT_FDCWD)
		return sm_resolve_fd(dir_fd, out);
	n = syscall(SYS_getcwd, out, SM_PATH_MAX);
	/* "(unreachable)/..." when it lies outside of our root */
	return (struct sm_str){ out,
				n > 1 && out[0] == '/' ? (uint32_t)n - 1 : 0 };
}

static bool is_searched(const struct sm_exec *exec)
{
	return exec->is_searched && !strchr(exec->path, '/');
}

/* Empty: it has no name, or PATH does not lead to it. */
static struct sm_str program_of(const struct sm_exec *exec,
				char out[SM_PATH_MAX])
{
	char text[SM_PATH_MAX];
	struct sm_str base = { NULL, 0 }, name, result = { NULL, 0 };
	const char *path = getenv("PATH");

	if (!exec->path)
		return sm_resolve_fd(exec->dir_fd, out);
	name = sm_str_of(exec->path);
	if (sm_path_is_canonical(name))
		return name;
	base = directory(exec->dir_fd, text);
	if (is_searched(exec))
		return sm_resolve_program(path ? sm_str_of(path)
					       : SM_STR("/bin:/usr/bin"),
					  base, name, out);
	if (sm_path_canonical(base, name, out, &result) != SM_OK)
		result.len = 0;
	return result;
}

/*
 * The file that path, which is program_of(exec), leads to. False: nothing is
 * there. Empty: it has no name.
 */
static bool find_real(const struct sm_exec *exec, struct sm_str path, char *out,
		      struct sm_str *real)
{
	char text[SM_PATH_MAX + 1];
	const char *name = exec->path;
	int fd;

	if (is_searched(exec)) {
		memcpy(text, path.p, path.len);
		text[path.len] = '\0';
		name = text;
	}
	fd = sm_interpose_open(exec->dir_fd, name, O_PATH | O_CLOEXEC, 0);
	if (fd < 0)
		return false;
	*real = sm_real_path_of(fd, out);
	close(fd);
	return true;
}

/* A line is decided as a line, whichever of the system's shells reads it. */
static bool is_same_line(const struct sm_exec *exec, struct sm_str path,
			 struct sm_str real)
{
	struct sm_value argv[4];
	uint32_t n = 0;

	for (; n < 4 && exec->argv && exec->argv[n]; n++)
		sm_real_put(&argv[n], sm_str_of(exec->argv[n]));
	return n == 3 && sm_request_shell_line(path, argv, n).len &&
	       sm_request_shell_line(real, argv, n).len;
}

/*
 * Nothing runs where nothing is, or a directory. Candidates of PATH are mostly
 * that. Where something might be put there meanwhile, the call is not made at
 * all.
 */
static bool is_missing(const struct sm_exec *exec, struct sm_str path)
{
	if (!exec->path)
		return false;
	if (!is_searched(exec))
		return !sm_resolve_is_executable(exec->dir_fd, exec->path);
	errno = ENOENT;
	return !path.len;
}

static bool is_blocking(void)
{
	return sm_agent.flags & SM_CHANNEL_ENFORCE &&
	       !(sm_agent.flags & SM_CHANNEL_WARN);
}

/* ---------------------------------------------------------------- deciding */

static const struct sm_view nobody = { .kind = SM_PRINCIPAL_FOREIGN,
				       .via = SM_VIA_DIRECT };

static void look_at_stack(struct sm_view *view)
{
	if (sm_py.is_probed && sm_python_is_running())
		sm_frames_view(view);
	else
		*view = nobody;
}

bool sm_exec_view(struct sm_view *view)
{
	if (!is_watching || sm_agent.flags & SM_CHANNEL_LIVE)
		return false;
	if (sm_channel_is_copy())
		sm_channel_child();
	if (sm_exec_has_notes() && !is_borrowed())
		sm_exec_publish();
	look_at_stack(view);
	return !is_borrowed();
}

void sm_exec_before_vfork(void)
{
	struct sm_view view;
	int saved = errno;

	if (!is_watching || !sm_py.is_probed || !sm_python_is_running())
		return;
	sm_frames_view(&view);
	sm_view_keep(&vforking.who, &view);
	vforking.is_set = true;
	errno = saved;
}

/* Both come here; what is the parent's must not be done in the child. */
void sm_exec_after_vfork(void)
{
	int saved = errno;

	if (!vforking.is_set || is_borrowed())
		return;
	vforking.is_set = false;
	if (sm_exec_has_notes())
		sm_exec_publish();
	errno = saved;
}

/* In a vfork child: on its own stack and in a note, nowhere else. */
static bool decide_borrowed(const struct sm_exec *exec, struct sm_str path,
			    struct sm_str changes)
{
	struct sm_exec_note *note = sm_note_take();
	struct sm_event event;
	bool is_denied;

	if (!note) {
		sm_note_miss();
		return is_blocking();
	}
	sm_note_fill(note, vforking.is_set ? &vforking.who.view : &nobody, exec,
		     path, changes);
	sm_note_event(note, &event);
	is_denied = sm_deny_decide_alone(&event);
	sm_note_leave(note, &event);
	return is_denied;
}

static bool decide(const struct sm_exec *exec, struct sm_str path,
		   struct sm_str changes)
{
	static struct sm_record_event record; /* these under the lock */
	static struct sm_denial denial;
	static struct sm_exec_note note;
	struct sm_view view;
	bool is_denied;

	look_at_stack(&view);
	if (!sm_agent_lock())
		return sm_agent_lost();
	sm_channel_check();
	memset(&record, 0, sizeof(record));
	sm_note_fill(&note, &view, exec, path, changes);
	sm_note_event(&note, &record.event);
	record.event.seq = ++sm_agent.seq;
	is_denied = sm_deny_decide(&view, &record.event, &denial);
	sm_secrets_tell(&note.secrets);
	sm_agent_store(&view, &record);
	sm_agent_unlock();
	return is_denied;
}

static bool is_step_denied(const struct sm_exec *exec, struct sm_str path,
			   struct sm_str changes)
{
	bool is_denied;

	if (sm_exec_has_notes() && !is_borrowed())
		sm_exec_publish();
	is_denied = is_borrowed() ? decide_borrowed(exec, path, changes)
				  : decide(exec, path, changes);
	if (is_denied)
		errno = EACCES;
	return is_denied;
}

/* The second step. Another link by the time of the call is not noticed. */
static bool is_real_denied(const struct sm_exec *exec, struct sm_str path)
{
	const struct sm_exec nameless = { .dir_fd = -1,
					  .argv = exec->argv,
					  .envp = exec->envp };
	const struct sm_str same = { NULL, 0 };
	char text[SM_PATH_MAX];
	struct sm_str real;

	if (!exec->path || !path.len || !find_real(exec, path, text, &real) ||
	    sm_str_equal(real, path) || is_same_line(exec, path, real))
		return false;
	return is_step_denied(real.len ? exec : &nameless, real, same);
}

bool sm_exec_is_denied(const struct sm_exec *exec)
{
	char path_text[SM_PATH_MAX], changes_text[SM_PATH_MAX];
	struct sm_str path, changes;
	int saved = errno;

	if (!is_watching || sm_agent.flags & SM_CHANNEL_LIVE ||
	    (!exec->path && exec->dir_fd < 0))
		return false;
	if (sm_channel_is_copy())
		sm_channel_child();
	path = program_of(exec, path_text);
	changes = sm_environment_changes_of(exec->envp, changes_text);
	if (!is_announced(exec, path, changes)) {
		if (is_missing(exec, path)) {
			if (is_blocking())
				return true;
			errno = saved;
			return false;
		}
		if (is_step_denied(exec, path, changes))
			return true;
	}
	if (is_real_denied(exec, path))
		return true;
	errno = saved;
	return false;
}
