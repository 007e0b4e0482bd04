/* SPDX-License-Identifier: Apache-2.0 */
/*
 * enforce_reload.c: secmgr-enforce --reload. Everything that can be wrong with
 * a policy is found here, before anybody is asked to use it.
 */
#include "tools/enforce_reload.h"
#include "recorder/descriptor.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "schema/cbor.h"
#include "tools/collectors.h"
#include "tools/enforce_policy.h"
#include "tools/wrapper.h"

#define POLL_NS	      20000000
#define IDLE_POLLS    15  /* who has done nothing by then will ask later */
#define POLLS_MAX     250 /* who has done something and did not ask: 5 s */
#define VARIABLES_MAX (2 * WRAPPER_VARIABLES_MAX)

struct reloading {
	const struct enforce_reload *options;
	struct collector_answer found; /* a copy is kept of what is needed */
	bool is_found;
	struct sm_binding variables[VARIABLES_MAX];
	size_t variable_count;
	char *policy_path, *shadow_path; /* owned; NULL: stays */
	struct enforce_policy policy, shadow;
};

/* ---------------------------------------------------------------- finding */

static void look_at(void *context, const struct collector_answer *answer)
{
	struct reloading *r = context;
	uint64_t pid = r->options->pid;

	if (r->is_found ||
	    (answer->info.pid != pid && answer->info.command_pid != pid))
		return;
	collectors_free(&r->found);
	r->is_found = collectors_ask(answer->directory, &r->found);
}

static char *copy(struct sm_str s)
{
	return strndup(s.len ? s.p : "", s.len);
}

/* The policy means what it would have meant at COMMAND's start. */
static bool take_variables(struct reloading *r)
{
	const struct enforce_reload *options = r->options;
	const struct collector_info *info = &r->found.info;
	size_t i;

	/* The first of a name counts: what was given here. */
	for (i = 0; i < options->variable_count; i++)
		r->variables[r->variable_count++] = options->variables[i];
	for (i = 0;
	     i + 1 < info->variable_texts && r->variable_count < VARIABLES_MAX;
	     i += 2) {
		struct sm_binding *variable = &r->variables[r->variable_count];
		size_t at;

		for (at = 0; at < options->variable_count; at++)
			if (sm_str_equal(sm_str_of(r->variables[at].name),
					 info->variables[i]))
				break;
		if (at < options->variable_count)
			continue;
		variable->name = copy(info->variables[i]);
		variable->value = copy(info->variables[i + 1]);
		if (!variable->name || !variable->value)
			return false;
		r->variable_count++;
	}
	return true;
}

static bool has_family_mode(const struct enforce_reload *options)
{
	for (int i = 0; i < SM_FAMILIES; i++)
		if (options->modes[i] != SM_MODE_DEFAULT)
			return true;
	return false;
}

static char *path_of(const char *given, bool rereads, struct sm_str now)
{
	if (given)
		return strdup(given);
	return rereads && now.len ? copy(now) : NULL;
}

static void choose_paths(struct reloading *r)
{
	const struct enforce_reload *options = r->options;
	const struct collector_info *info = &r->found.info;
	bool is_bare = !options->policy && !options->shadow &&
		       !options->has_no_shadow && !options->has_mode &&
		       !has_family_mode(options);

	r->policy_path =
		path_of(options->policy, is_bare || has_family_mode(options),
			info->policy);
	r->shadow_path = path_of(options->shadow, is_bare, info->shadow);
}

/* False: told why not. */
static bool compile(struct reloading *r, const char *path,
		    const enum sm_mode *modes, struct enforce_policy *policy)
{
	const struct sm_program *program = r->options->program;
	struct sm_diag diag = { 0 };

	if (!path)
		return true;
	if (!strcmp(path, "-") && !r->options->policy && !r->options->shadow) {
		sm_cli_error(program, NULL,
			     "the policy was read from standard input; name a "
			     "file with --policy or --shadow");
		return false;
	}
	policy->path = path;
	if (!enforce_policy_compile(policy, modes, r->variables,
				    r->variable_count, &diag))
		return true;
	sm_cli_diag(program, path, &diag);
	return false;
}

/* ----------------------------------------------------------------- asking */

static void put_policy(struct sm_cbor_writer *w,
		       const struct enforce_policy *policy, bool is_removed)
{
	if (!policy->blob) {
		sm_cbor_put_array(w, 1);
		sm_cbor_put_uint(w, is_removed ? SM_COLLECTOR_REMOVE
					       : SM_COLLECTOR_KEEP);
		return;
	}
	sm_cbor_put_array(w, 5);
	sm_cbor_put_uint(w, SM_COLLECTOR_REPLACE);
	sm_cbor_put_str(w, sm_str_of(policy->place));
	sm_cbor_put_str(w, sm_str_of(policy->digest));
	sm_cbor_put_str(w, sm_str_of(policy->canonical));
	sm_cbor_put_str(w, (struct sm_str){ policy->blob,
					    (uint32_t)policy->blob_bytes });
}

static size_t policy_room(const struct enforce_policy *policy)
{
	if (!policy->blob)
		return 0;
	return policy->blob_bytes + strlen(policy->canonical) +
	       strlen(policy->place) + sizeof(policy->digest);
}

static enum sm_collector_mode mode_of(const struct enforce_reload *options)
{
	if (!options->has_mode)
		return SM_COLLECTOR_MODE_KEEP;
	return options->is_warning ? SM_COLLECTOR_MODE_WARN
				   : SM_COLLECTOR_MODE_BLOCK;
}

/* A memfd with the request; -1: errno. */
static int write_request(const struct reloading *r)
{
	size_t room = policy_room(&r->policy) + policy_room(&r->shadow) + 256;
	uint8_t *bytes = malloc(room);
	struct sm_cbor_writer w = { bytes, bytes + room, !bytes };
	int fd = memfd_create("secmgr-reload", MFD_CLOEXEC);
	size_t n;

	sm_cbor_put_array(&w, 4);
	sm_cbor_put_uint(&w, SM_COLLECTOR_CONTROL_VERSION);
	sm_cbor_put_uint(&w, mode_of(r->options));
	put_policy(&w, &r->policy, false);
	put_policy(&w, &r->shadow, r->options->has_no_shadow);
	n = w.has_failed ? 0 : (size_t)(w.at - bytes);
	errno = EFBIG;
	if (fd >= 0 && (!n || n > SM_COLLECTOR_REQUEST_MAX ||
			write(fd, bytes, n) != (ssize_t)n)) {
		close(fd);
		fd = -1;
	}
	free(bytes);
	return fd;
}

/* The new generation; 0: told why not. */
static uint64_t read_answer(const struct reloading *r, int socket)
{
	uint8_t bytes[1024];
	ssize_t n = recv(socket, bytes, sizeof(bytes), 0);
	struct sm_cbor_reader reader = { bytes, bytes + (n > 0 ? n : 0) };
	uint64_t items, version, generation;
	struct sm_str text;

	if (sm_cbor_get_array(&reader, 3, &items) || items != 3 ||
	    sm_cbor_get_uint(&reader, UINT32_MAX, &version) ||
	    version != SM_COLLECTOR_CONTROL_VERSION ||
	    sm_cbor_get_uint(&reader, UINT32_MAX, &generation) ||
	    sm_cbor_get_str(&reader, &text, NULL)) {
		sm_cli_error(r->options->program, NULL,
			     "the collector of process %" PRIu64
			     " does not answer",
			     r->options->pid);
		return 0;
	}
	if (!generation)
		sm_cli_error(r->options->program, NULL,
			     "refused by the collector of process %" PRIu64
			     ": %.*s",
			     r->options->pid, (int)text.len, text.p);
	return generation;
}

static uint64_t request(const struct reloading *r)
{
	int socket = collectors_connect(r->found.directory,
					SM_COLLECTOR_CONTROL_SOCKET);
	int fd = socket >= 0 ? write_request(r) : -1;
	uint64_t generation = 0;

	if (fd < 0 ||
	    !sm_descriptor_send(socket, SM_COLLECTOR_CONTROL_VERSION, fd, 0))
		sm_cli_error(r->options->program, NULL,
			     "cannot ask the collector of process %" PRIu64
			     ": %s",
			     r->options->pid, strerror(errno));
	else
		generation = read_answer(r, socket);
	if (fd >= 0)
		close(fd);
	if (socket >= 0)
		close(socket);
	return generation;
}

/* ---------------------------------------------------------------- waiting */

/* Events it was asked about: a reload is seen by these, not by noise. */
static uint64_t work_of(const struct covered_info *p)
{
	return p->attempts - p->noise;
}

static bool has_worked(const struct collector_answer *before,
		       const struct covered_info *now)
{
	for (size_t i = 0; i < before->process_count; i++)
		if (before->processes[i].pid == now->pid)
			return work_of(&before->processes[i]) != work_of(now);
	return false;
}

struct progress {
	uint64_t all, idle, stuck;
};

static struct progress count(const struct collector_answer *before,
			     const struct collector_answer *now,
			     uint64_t generation)
{
	struct progress progress = { .all = now->process_count };

	for (size_t i = 0; i < now->process_count; i++) {
		const struct covered_info *p = &now->processes[i];

		if (p->generation >= generation)
			continue;
		if (has_worked(before, p))
			progress.stuck++;
		else
			progress.idle++;
	}
	return progress;
}

static bool is_over(const struct progress *progress, int polls)
{
	if (!progress->stuck && (!progress->idle || polls >= IDLE_POLLS))
		return true;
	return polls >= POLLS_MAX;
}

static void tell_stuck(const struct reloading *r,
		       const struct collector_answer *before,
		       const struct collector_answer *now, uint64_t generation)
{
	for (size_t i = 0; i < now->process_count; i++)
		if (now->processes[i].generation < generation &&
		    has_worked(before, &now->processes[i]))
			sm_cli_error(r->options->program, NULL,
				     "process %" PRIu64
				     " still decides by the old policy",
				     now->processes[i].pid);
}

static int tell(const struct reloading *r, const struct progress *progress)
{
	uint64_t done = progress->all - progress->stuck;

	printf("reloaded: %" PRIu64 " process%s", done, done == 1 ? "" : "es");
	if (progress->idle)
		printf(", %" PRIu64 " of them with the next event",
		       progress->idle);
	putchar('\n');
	return sm_cli_finish(r->options->program,
			     progress->stuck ? SM_EXIT_FINDING : SM_EXIT_OK);
}

/*
 * Nobody decides by the old policy any more who has raised an event since: a
 * process looks for a new one before it decides.
 */
static int wait_for_all(const struct reloading *r, uint64_t generation)
{
	const struct timespec pause = { .tv_nsec = POLL_NS };
	struct collector_answer before, now;
	struct progress progress = { 0 };
	bool is_there = collectors_ask(r->found.directory, &before);

	for (int polls = 0; is_there; polls++) {
		is_there = collectors_ask(r->found.directory, &now);
		progress = count(&before, &now, generation);
		if (is_over(&progress, polls) && is_there) {
			tell_stuck(r, &before, &now, generation);
			collectors_free(&now);
			break;
		}
		collectors_free(&now);
		nanosleep(&pause, NULL);
	}
	collectors_free(&before);
	if (is_there)
		return tell(r, &progress);
	puts("reloaded: 0 processes"); /* all have ended meanwhile */
	return sm_cli_finish(r->options->program, SM_EXIT_OK);
}

/* -------------------------------------------------------------------- run */

static int run(struct reloading *r)
{
	const struct sm_program *program = r->options->program;
	uint64_t generation;

	collectors_each(look_at, r);
	if (!r->is_found) {
		sm_cli_error(program, NULL,
			     "process %" PRIu64
			     " is neither a secmgr-enforce of yours nor the "
			     "COMMAND of one; see secmgr-status",
			     r->options->pid);
		return SM_EXIT_WRAPPER;
	}
	if (!take_variables(r))
		return SM_EXIT_WRAPPER;
	choose_paths(r);
	if (!compile(r, r->policy_path, r->options->modes, &r->policy) ||
	    !compile(r, r->shadow_path, NULL, &r->shadow))
		return SM_EXIT_WRAPPER;
	generation = request(r);
	return generation ? wait_for_all(r, generation) : SM_EXIT_WRAPPER;
}

int enforce_reload_run(const struct enforce_reload *reload)
{
	static struct reloading r;
	int status;

	r.options = reload;
	status = run(&r);
	for (size_t i = reload->variable_count; i < r.variable_count; i++) {
		free((void *)(uintptr_t)r.variables[i].name);
		free((void *)(uintptr_t)r.variables[i].value);
	}
	enforce_policy_free(&r.policy);
	enforce_policy_free(&r.shadow);
	free(r.policy_path);
	free(r.shadow_path);
	collectors_free(&r.found);
	return status;
}
