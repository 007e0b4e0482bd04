/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/learn_input.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "tools/cli_clock.h"
#include "tools/trace_set.h"

#define SECOND_NS 1000000000u

/* -------------------------------------------------------------------- traces
 */

/* Which of two times is none, the reader of times does not know. */
static enum sm_status time_of(const struct sm_clock *clock, const char *option,
			      const char *text, uint64_t *time_ns,
			      struct sm_diag *diag)
{
	struct sm_diag told = { 0 };
	enum sm_status status = SM_OK;

	if (text)
		status = sm_clock_parse(clock, text, time_ns, &told);
	return status == SM_OK
		       ? SM_OK
		       : sm_fail(diag, status, "%s: %s", option, told.text);
}

static enum sm_status window_of(const struct sm_learn_input *input,
				const struct sm_trace *trace,
				struct sm_window *window, struct sm_diag *diag)
{
	struct sm_clock clock;
	enum sm_status status;

	*window = (struct sm_window){ 0, 0, input->takes_followers };
	sm_clock_init(&clock, trace);
	status = time_of(&clock, "--since", input->since, &window->from_ns,
			 diag);
	if (status == SM_OK)
		status = time_of(&clock, "--until", input->until,
				 &window->to_ns, diag);
	return status;
}

/* What a recorder had not stored when it was killed, nobody can learn from. */
static void warn_of_end(const struct sm_program *program, const char *path,
			const struct sm_trace *trace)
{
	if (sm_trace_meta(trace, "closed"))
		return;
	sm_cli_error(program, path,
		     sm_trace_is_written(path)
			     ? "warning: not closed: it is being recorded; "
			       "what is not stored yet is not in this policy"
			     : "warning: not closed: the recorder was killed; "
			       "what it had not stored is not in this policy");
}

static enum sm_status read_trace(const struct sm_program *program,
				 const struct sm_learn_input *input,
				 const char *path,
				 struct sm_observations *observations,
				 struct sm_diag *diag)
{
	struct sm_window window;
	struct sm_trace *trace;
	enum sm_status status = sm_trace_open(path, &trace, diag);

	if (status != SM_OK)
		return status;
	status = window_of(input, trace, &window, diag);
	if (status == SM_OK)
		status = sm_observations_read(observations, trace, &window,
					      diag);
	if (status == SM_OK)
		warn_of_end(program, path, trace);
	sm_trace_close(trace);
	return status;
}

/* ----------------------------------------------------------------- summaries
 */

/* Whether path holds a summary; errors are the trace reader's to tell. */
static bool is_summary(const char *path)
{
	uint8_t head[32];
	FILE *in = fopen(path, "re");
	size_t n = in ? fread(head, 1, sizeof(head), in) : 0;

	if (in)
		(void)fclose(in);
	return sm_summary_is(head, n);
}

static enum sm_status read_summary(const struct sm_learn_input *input,
				   const char *path,
				   struct sm_observations *observations,
				   struct sm_diag *diag)
{
	enum sm_status status;
	struct stat st;
	void *bytes;
	int fd;

	if (input->since || input->until)
		return sm_fail(diag, SM_UNSUPPORTED,
			       "a summary cannot be cut in time; give the "
			       "traces it was made from");
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st)) {
		status = sm_fail(diag, SM_IO, "%s", strerror(errno));
		if (fd >= 0)
			close(fd);
		return status;
	}
	bytes = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	close(fd);
	if (bytes == MAP_FAILED)
		return sm_fail(diag, SM_IO, "%s", strerror(errno));
	status = sm_summary_read(bytes, (size_t)st.st_size, observations, diag);
	munmap(bytes, (size_t)st.st_size);
	return status;
}

/* To record more would not help. */
static int check_window(const struct sm_program *program,
			const struct sm_learn_input *input,
			const struct sm_observations *observations)
{
	struct sm_observed observed;

	sm_observations_count(observations, &observed);
	if (observed.events || (!input->since && !input->until))
		return SM_EXIT_OK;
	sm_cli_error(program, NULL,
		     "nothing was recorded in the time that --since and "
		     "--until leave");
	return SM_EXIT_USAGE;
}

int sm_learn_input_read(const struct sm_program *program,
			const struct sm_learn_input *input, int count,
			char **paths, struct sm_observations *observations)
{
	struct sm_diag diag = { 0 };
	enum sm_status status;

	struct trace_set set = { 0 };
	int result = SM_EXIT_OK;

	for (int i = 0; i < count && result == SM_EXIT_OK; i++)
		if (trace_set_add(&set, paths[i], input->is_set) != SM_OK) {
			sm_cli_error(program, NULL, "out of memory");
			result = SM_EXIT_USAGE;
		}
	for (int i = 0; i < set.count && result == SM_EXIT_OK; i++) {
		const char *path = set.paths[i];

		status = is_summary(path) ? read_summary(input, path,
							 observations, &diag)
					  : read_trace(program, input, path,
						       observations, &diag);
		if (status == SM_OK)
			continue;
		sm_cli_diag(program, path, &diag);
		result = SM_EXIT_USAGE;
	}
	trace_set_fini(&set);
	if (result == SM_EXIT_OK)
		result = check_window(program, input, observations);
	return result;
}

/* ---------------------------------------------------------------------- runs
 */

static void put_time(uint64_t ns)
{
	time_t seconds = (time_t)(ns / SECOND_NS);
	char text[32];
	struct tm tm;

	if (gmtime_r(&seconds, &tm) &&
	    strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm))
		fputs(text, stdout);
}

static int by_start(const void *a, const void *b)
{
	const struct sm_run_info *x = a, *y = b;

	if (x->first_ns != y->first_ns)
		return x->first_ns < y->first_ns ? -1 : 1;
	return (x->identity > y->identity) - (x->identity < y->identity);
}

static void put_run(const struct sm_run_info *run)
{
	printf("%016" PRIx64 " ", run->identity);
	if (run->first_ns <= run->last_ns) {
		put_time(run->first_ns);
		printf(" %.1f s",
		       (double)(run->last_ns - run->first_ns) / SECOND_NS);
	}
	printf(" %" PRIu64 " process%s %" PRIu64 " events host %08" PRIx32 " ",
	       run->processes, run->processes == 1 ? "" : "es", run->events,
	       (uint32_t)(run->host >> 32));
	sm_cli_put(stdout, run->exe, false);
	if (run->script.len) {
		putchar(' ');
		sm_cli_put(stdout, run->script, false);
	}
	putchar('\n');
}

bool sm_learn_input_list(const struct sm_observations *observations)
{
	struct sm_run_info *runs = NULL, *more;
	size_t count = 0;

	for (;; count++) {
		more = realloc(runs, (count + 1) * sizeof(*runs));
		if (!more) {
			free(runs);
			return false;
		}
		runs = more;
		if (!sm_observations_run(observations, count, &runs[count]))
			break;
	}
	qsort(runs, count, sizeof(*runs), by_start);
	for (size_t i = 0; i < count; i++)
		put_run(&runs[i]);
	free(runs);
	return true;
}

/* How many runs have an identity that starts so; *identity: the last. */
static size_t find_run(const struct sm_observations *observations,
		       const char *prefix, uint64_t *identity)
{
	struct sm_run_info run;
	char text[20];
	size_t n = 0;

	for (size_t i = 0; sm_observations_run(observations, i, &run); i++) {
		snprintf(text, sizeof(text), "%016" PRIx64, run.identity);
		if (strncmp(text, prefix, strlen(prefix)))
			continue;
		*identity = run.identity;
		n++;
	}
	return n;
}

struct sm_observations *
sm_learn_input_exclude(const struct sm_program *program,
		       const struct sm_learn_input *input,
		       const struct sm_observations *observations)
{
	uint64_t ids[SM_EXCLUDED_MAX] = { 0 };
	struct sm_observations *rest;
	size_t n;

	for (size_t i = 0; i < input->excluded_count; i++) {
		n = find_run(observations, input->excluded[i], &ids[i]);
		if (n == 1)
			continue;
		sm_cli_error(program, NULL,
			     n ? "--exclude-run %s: %zu runs start so; give "
				 "more digits"
			       : "--exclude-run %s: no such run; --list-runs "
				 "lists them",
			     input->excluded[i], n);
		return NULL;
	}
	rest = sm_observations_without_runs(observations, ids,
					    input->excluded_count);
	if (!rest)
		sm_cli_error(program, NULL, "out of memory");
	return rest;
}
