/* SPDX-License-Identifier: Apache-2.0 */
/*
 * replay_live.c: an interpreter under the agent, fed with recorded calls.
 *
 * Calls and answers pass through memfds: neither side can block the other.
 * What the agent decided comes back the way every recording does: ring,
 * collector, a trace, here a temporary one.
 */
#include "tools/replay_live.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "recorder/collector.h"
#include "tools/cli_progress.h"
#include "tools/replay_live_calls.h"
#include "tools/replay_live_policy.h"
#include "tools/wrapper.h"

#define RUNNER	   "secmgr-live"
#define RING_BYTES (64u << 20)
#define WAIT_NS	   2000000000u /* a slow disk must not cost verdicts */
#define NO_INDEX   UINT32_MAX

/* argv[1..] of the driver are descriptors. */
static const char bootstrap[] =
	"import sys; exec(compile(open(int(sys.argv.pop()), "
	"encoding='utf-8').read(), '<frozen secmgr_live>', 'exec'))";
/* As recorder/agent/code_classify.c finds its standard library. */
static const char question[] =
	"import sys; sys.audit; print(sys.version.split()[0]); "
	"print('%s/%s/python%d.%d' % (sys.base_prefix.rstrip('/'), "
	"getattr(sys, 'platlibdir', 'lib'), *sys.version_info[:2])); "
	"print(sys.executable)";

/* ------------------------------------------------------------- interpreter */

/* The program beside the agent. */
static enum sm_status find_runner(struct replay_live *live,
				  struct sm_diag *diag)
{
	const char *slash = strrchr(live->agent, '/');
	int n = snprintf(live->program, sizeof(live->program), "%.*s/" RUNNER,
			 (int)(slash - live->agent), live->agent);

	if (n < 0 || (size_t)n >= sizeof(live->program))
		return sm_fail(diag, SM_LIMIT, "path too long");
	if (access(live->program, X_OK))
		return sm_fail(diag, SM_NOT_FOUND,
			       "%s: %s; reinstall secmgr, or name an "
			       "interpreter: --live=PYTHON",
			       live->program, strerror(errno));
	return SM_OK;
}

static enum sm_status find_program(struct replay_live *live,
				   struct sm_diag *diag)
{
	size_t n;

	if (!live->python)
		return find_runner(live, diag);
	n = strlen(live->python);
	if (n >= sizeof(live->program))
		return sm_fail(diag, SM_LIMIT, "path too long");
	memcpy(live->program, live->python, n + 1);
	return command_find(live->program, diag) ? SM_NOT_FOUND : SM_OK;
}

static _Noreturn void ask(char *program, int out)
{
	const char *argv[] = { program, "-I", "-S", "-c", question, NULL };

	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null >= 0 && dup2(null, STDIN_FILENO) >= 0 &&
	    dup2(null, STDERR_FILENO) >= 0 && dup2(out, STDOUT_FILENO) >= 0)
		execvp(program, (char **)(uintptr_t)argv);
	_exit(SM_EXIT_MISSING);
}

static size_t read_all(int fd, char *out, size_t room)
{
	size_t used = 0;
	ssize_t n;

	while (used < room && (n = read(fd, out + used, room - used)) != 0) {
		if (n < 0 && errno != EINTR)
			break;
		used += n > 0 ? (size_t)n : 0;
	}
	return used;
}

static bool wait_for(pid_t pid, int *status)
{
	while (waitpid(pid, status, 0) < 0)
		if (errno != EINTR)
			return false;
	return true;
}

static enum sm_status take_answer(struct replay_live *live, char *text,
				  struct sm_diag *diag)
{
	char *line = strchr(text, '\n'), *end;

	if (!line)
		goto fail;
	*line++ = '\0';
	end = strchr(line, '\n');
	if (!end || strlen(text) >= sizeof(live->version) || line[0] != '/' ||
	    (size_t)(end - line) >= sizeof(live->stdlib))
		goto fail;
	*end++ = '\0';
	strcpy(live->version, text);
	strcpy(live->stdlib, line);
	end[strcspn(end, "\n")] = '\0';
	/* What is found on PATH now is not later. */
	if (end[0] == '/' && !strchr(live->program, '/') &&
	    strlen(end) < sizeof(live->program))
		strcpy(live->program, end);
	return SM_OK;
fail:
	return sm_fail(diag, SM_UNSUPPORTED, "%s is no Python from 3.8 on",
		       live->program);
}

static enum sm_status identify(struct replay_live *live, struct sm_diag *diag)
{
	char text[sizeof(live->stdlib) + sizeof(live->program) + 128];
	int ends[2], status = -1;
	pid_t pid;
	size_t n;

	if (pipe2(ends, O_CLOEXEC))
		return sm_fail(diag, SM_IO, "pipe: %s", strerror(errno));
	pid = fork();
	if (!pid)
		ask(live->program, ends[1]);
	close(ends[1]);
	n = read_all(ends[0], text, sizeof(text) - 1);
	close(ends[0]);
	text[n] = '\0';
	if (pid < 0 || !wait_for(pid, &status))
		return sm_fail(diag, SM_IO, "fork: %s", strerror(errno));
	if (status)
		text[0] = '\0';
	return take_answer(live, text, diag);
}

enum sm_status replay_live_start(struct replay_live *live, struct sm_diag *diag)
{
	enum sm_status status;

	status = command_find_agent(live->agent, sizeof(live->agent), diag);
	if (!status)
		status = find_program(live, diag);
	return status ? status : identify(live, diag);
}

/* ------------------------------------------------------------------ raising */

/* One run of the interpreter. */
struct session {
	struct replay_live *live;
	struct sm_live *run;
	const void *blob;
	size_t blob_bytes;
	char place[4096]; /* temporary directory */
	char trace[4128];
	int driver, calls, answers; /* memfds; -1: none */
	struct sm_collector *collector;
};

static int memory(const char *name, struct sm_diag *diag)
{
	int fd = memfd_create(name, MFD_CLOEXEC);

	if (fd < 0)
		sm_fail(diag, SM_IO, "memfd_create: %s", strerror(errno));
	return fd;
}

/* Ends writing: whoever gets fd next reads from its start. */
static bool finish(FILE *out, int fd)
{
	bool failed = ferror(out);

	failed |= fclose(out) != 0;
	return !failed && !lseek(fd, 0, SEEK_SET);
}

static enum sm_status put_calls(struct session *s, struct sm_diag *diag)
{
	FILE *out = fdopen(dup(s->calls), "w");

	if (!out)
		return sm_fail(diag, SM_NOMEM, "out of memory");
	for (size_t i = 0; i < sm_live_count(s->run); i++)
		replay_live_put_call(out, i, &sm_live_call(s->run, i)->event);
	if (!finish(out, s->calls))
		return sm_fail(diag, SM_IO, "cannot write: %s",
			       strerror(errno));
	return SM_OK;
}

static enum sm_status put_driver(struct session *s, struct sm_diag *diag)
{
	FILE *out = fdopen(dup(s->driver), "w");

	if (!out)
		return sm_fail(diag, SM_NOMEM, "out of memory");
	fputs(sm_live_driver(), out);
	if (!finish(out, s->driver))
		return sm_fail(diag, SM_IO, "cannot write: %s",
			       strerror(errno));
	return SM_OK;
}

static bool inherit(int fd, char out[16])
{
	snprintf(out, 16, "%d", fd);
	return !fcntl(fd, F_SETFD, 0);
}

/* Ctrl-C is for its parent, and it does not outlive that one. */
static bool follow(pid_t parent)
{
	return signal(SIGINT, SIG_IGN) != SIG_ERR &&
	       !prctl(PR_SET_PDEATHSIG, SIGKILL) && getppid() == parent;
}

/*
 * In the child: becomes the interpreter, in a directory that is gone, so that
 * what had no place then has none now.
 */
static _Noreturn void become_interpreter(struct session *s, pid_t parent)
{
	char driver[16], calls[16], answers[16], place[4128];
	const char *argv[] = { s->live->program, "-I",	 "-S",	    "-W",
			       "ignore",	 "-c",	 bootstrap, calls,
			       answers,		 driver, NULL };
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	struct sm_diag diag;

	snprintf(place, sizeof(place), "%s/gone", s->place);
	sm_collector_inherit(s->collector);
	if (follow(parent) && null >= 0 && dup2(null, 0) >= 0 &&
	    dup2(null, 1) >= 0 && inherit(s->driver, driver) &&
	    inherit(s->calls, calls) && inherit(s->answers, answers) &&
	    !command_set_environment(s->live->agent,
				     sm_collector_channel(s->collector),
				     &diag) &&
	    /* Nothing may be looked up on the machine of today. */
	    !setenv("PATH", "/dev/null", 1) && !mkdir(place, 0700) &&
	    !chdir(place) && !rmdir(place))
		execvp(s->live->program, (char **)(uintptr_t)argv);
	_exit(SM_EXIT_MISSING);
}

/* Runs it to its end under a started collector. */
static enum sm_status spawn(struct session *s, struct sm_trace_writer *writer,
			    int *ended, struct sm_diag *diag)
{
	struct sm_collector_summary summary;
	sigset_t all, old;
	enum sm_status status;
	pid_t parent = getpid(), pid = fork();

	if (!pid)
		become_interpreter(s, parent);
	if (pid < 0)
		return sm_fail(diag, SM_IO, "fork: %s", strerror(errno));
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &old);
	status = sm_collector_start(s->collector, (uint32_t)pid, writer, diag);
	sigprocmask(SIG_SETMASK, &old, NULL);
	if (!wait_for(pid, ended))
		*ended = -1;
	if (status)
		return status;
	sm_collector_command_ended(s->collector, *ended);
	sm_collector_join(s->collector, &summary);
	if (summary.store.status) {
		*diag = summary.store;
		return diag->status;
	}
	return SM_OK;
}

static enum sm_status collect(struct session *s, int *ended,
			      struct sm_diag *diag)
{
	const struct sm_collector_options options = {
		.ring_bytes = RING_BYTES,
		.on_full = SM_ON_FULL_WAIT,
		.wait_ns = WAIT_NS,
		.flags =
			SM_CHANNEL_ENFORCE | SM_CHANNEL_LIVE | SM_CHANNEL_NOISE,
		.policy = { .blob = s->blob, .bytes = s->blob_bytes },
		.title = "secmgr-replay --live",
	};
	struct sm_trace_writer *writer = NULL;
	enum sm_status status, closed;

	status = sm_trace_writer_open(s->trace, SM_TRACE_CREATE, &writer, diag);
	if (!status)
		status = sm_collector_open(&options, &s->collector, diag);
	if (!status)
		status = spawn(s, writer, ended, diag);
	if (writer) {
		closed = sm_trace_writer_close(writer, status ? NULL : diag);
		status = status ? status : closed;
	}
	sm_collector_free(s->collector);
	return status;
}

/* ----------------------------------------------------------------- answers */

static enum sm_status take_notes(struct session *s, struct sm_diag *diag)
{
	FILE *in = fdopen(dup(s->answers), "r");
	enum sm_status status = SM_OK;
	char *line = NULL, *text;
	size_t room = 0, index;
	ssize_t n;

	if (!in)
		return sm_fail(diag, SM_NOMEM, "out of memory");
	rewind(in);
	while (!status && (n = getline(&line, &room, in)) > 0) {
		bool was_denied;

		if (line[n - 1] == '\n')
			line[n - 1] = '\0';
		index = strtoul(line, &text, 10);
		text += *text == ' ';
		was_denied = !strcmp(text, "denied");
		if (!sm_live_note(s->run, index, was_denied,
				  was_denied || !strcmp(text, "allowed")
					  ? NULL
					  : text))
			status = sm_fail(diag, SM_NOMEM, "out of memory");
	}
	free(line);
	fclose(in);
	return status;
}

/* Of the event behind the one with this number: the index of its call. */
struct marks {
	uint32_t process;
	uint32_t *index; /* by sequence number */
	size_t room;
};

static bool put_mark(struct marks *marks, uint64_t seq, uint32_t index)
{
	size_t room = marks->room ? marks->room : 4096;
	uint32_t *longer;

	while (room <= seq)
		room *= 2;
	if (room > marks->room) {
		longer = realloc(marks->index, room * sizeof(*longer));
		if (!longer)
			return false;
		memset(longer + marks->room, 0xff,
		       (room - marks->room) * sizeof(*longer));
		marks->index = longer;
		marks->room = room;
	}
	marks->index[seq] = index;
	return true;
}

static bool is_mark(const struct sm_event *event)
{
	return sm_str_equal(event->site.event, SM_STR(SM_CHANNEL_LIVE_MARK)) &&
	       event->argc == 1 && event->args[0].type == SM_INT;
}

/* Visits a mark (first pass), or what follows one (second). */
static bool visit(struct session *s, struct marks *marks, bool is_second,
		  const struct sm_event *event)
{
	uint64_t before = event->seq - 1;

	if (!is_second) {
		if (!is_mark(event))
			return true;
		marks->process = event->process;
		return put_mark(marks, event->seq, (uint32_t)event->args[0].i);
	}
	if (event->process != marks->process || before >= marks->room ||
	    marks->index[before] == NO_INDEX)
		return true;
	return sm_live_answer(s->run, marks->index[before], event);
}

static enum sm_status pass(struct session *s, struct sm_trace *trace,
			   struct marks *marks, bool is_second,
			   struct sm_diag *diag)
{
	struct sm_trace_cursor *cursor = NULL;
	const struct sm_event *event;
	enum sm_status status;
	uint32_t site;

	status = sm_trace_events(trace, NULL, &cursor, diag);
	if (status)
		return status;
	while (!(status = sm_trace_next(cursor, &event, &site, diag)))
		if (!visit(s, marks, is_second, event)) {
			status = sm_fail(diag, SM_NOMEM, "out of memory");
			break;
		}
	sm_trace_cursor_free(cursor);
	return status == SM_END ? SM_OK : status;
}

/* Blocks are not in order of sequence numbers: marks come first. */
static enum sm_status take_verdicts(struct session *s, struct sm_diag *diag)
{
	struct sm_trace *trace = NULL;
	struct marks marks = { .index = NULL };
	enum sm_status status = sm_trace_open(s->trace, &trace, diag);

	if (status)
		return status;
	status = pass(s, trace, &marks, false, diag);
	if (!status)
		status = pass(s, trace, &marks, true, diag);
	free(marks.index);
	sm_trace_close(trace);
	return status;
}

/* --------------------------------------------------------------------- run */

static enum sm_status make_place(struct session *s, struct sm_diag *diag)
{
	const char *tmp = getenv("TMPDIR");
	sigset_t all, old;
	bool is_made;

	snprintf(s->place, sizeof(s->place), "%s/secmgr-live-XXXXXX",
		 tmp && *tmp == '/' ? tmp : "/tmp");
	/* Whoever is stopped now knows nothing that it leaves behind. */
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &old);
	is_made = mkdtemp(s->place) != NULL;
	snprintf(s->trace, sizeof(s->trace), "%s/live.db", s->place);
	if (is_made)
		sm_cli_remove_when_stopped(s->trace, s->place);
	sigprocmask(SIG_SETMASK, &old, NULL);
	if (!is_made) {
		sm_fail(diag, SM_IO, "mkdtemp %s: %s", s->place,
			strerror(errno));
		s->place[0] = '\0';
		return SM_IO;
	}
	s->driver = memory("driver", diag);
	s->calls = memory("calls", diag);
	s->answers = memory("answers", diag);
	return s->driver < 0 || s->calls < 0 || s->answers < 0 ? SM_IO : SM_OK;
}

static void remove_place(struct session *s)
{
	static const char *const suffixes[] = { "", "-wal", "-shm",
						"-journal" };
	char path[4160];

	if (!s->place[0])
		return;
	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		snprintf(path, sizeof(path), "%s%s", s->trace, suffixes[i]);
		unlink(path);
	}
	rmdir(s->place);
	sm_cli_keep();
}

static enum sm_status raise_calls(struct session *s, struct sm_diag *diag)
{
	enum sm_status status = make_place(s, diag);
	int ended = 0;

	if (!status)
		status = put_driver(s, diag);
	if (!status)
		status = put_calls(s, diag);
	if (!status)
		status = collect(s, &ended, diag);
	if (!status && ended)
		status = sm_fail(diag, SM_UNSUPPORTED,
				 "%s ended with %s %d before all calls were "
				 "raised",
				 s->live->program,
				 WIFEXITED(ended) ? "status" : "signal",
				 WIFEXITED(ended) ? WEXITSTATUS(ended)
						  : WTERMSIG(ended));
	if (!status)
		status = take_notes(s, diag);
	if (!status)
		status = take_verdicts(s, diag);
	for (int *fd = &s->driver; fd <= &s->answers; fd++)
		if (*fd >= 0)
			close(*fd);
	remove_place(s);
	return status;
}

static enum sm_status run_policy(struct session *s, struct sm_trace *trace,
				 struct sm_diag *diag)
{
	struct sm_policy policy;
	enum sm_status status;

	status = sm_policy_open(&policy, s->blob, s->blob_bytes, diag);
	if (!status)
		status = sm_live_collect(s->run, trace, &policy, diag);
	if (!status && sm_live_count(s->run))
		status = raise_calls(s, diag);
	if (!status)
		sm_live_conclude(s->run);
	return status;
}

static bool keep_run(struct replay_live *live, struct sm_live *run)
{
	struct sm_live **runs = realloc(
		live->runs, (live->run_count + 1) * sizeof(struct sm_live *));

	if (!runs)
		return false;
	live->runs = runs;
	live->runs[live->run_count++] = run;
	return true;
}

enum sm_status replay_live_run(struct replay_live *live, struct sm_trace *trace,
			       const struct sm_rules *rules,
			       const struct sm_binding *bindings,
			       size_t binding_count, struct sm_diag *diag)
{
	struct session s = { .live = live,
			     .run = sm_live_new(sm_str_of(live->stdlib)),
			     .driver = -1,
			     .calls = -1,
			     .answers = -1 };
	struct replay_live_bindings mapped = { .items = NULL };
	enum sm_status status = SM_OK;
	void *blob = NULL;

	if (!s.run || !keep_run(live, s.run)) {
		sm_live_free(s.run);
		return sm_fail(diag, SM_NOMEM, "out of memory");
	}
	if (!replay_live_map(&mapped, s.run, trace, rules, bindings,
			     binding_count))
		status = sm_fail(diag, SM_NOMEM, "out of memory");
	if (!status)
		status = sm_policy_compile(rules, mapped.items, mapped.count,
					   &blob, &s.blob_bytes, diag);
	s.blob = blob;
	if (!status)
		status = run_policy(&s, trace, diag);
	replay_live_bindings_free(&mapped);
	free(blob);
	return status;
}

void replay_live_free(struct replay_live *live)
{
	for (size_t i = 0; i < live->run_count; i++)
		sm_live_free(live->runs[i]);
	free(live->runs);
	live->runs = NULL;
	live->run_count = 0;
}
