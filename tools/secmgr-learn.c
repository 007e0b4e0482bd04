/* SPDX-License-Identifier: Apache-2.0 */
/*
 * secmgr-learn: traces in, the smallest policy that explains them out.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "learner/learner.h"
#include "tools/cli.h"

struct settings {
	struct sm_learn_options learn;
	const char *output;
	bool quiet;
};

static int set_evidence(void *context, const char *value, struct sm_diag *diag)
{
	(void)value;
	(void)diag;
	((struct settings *)context)->learn.evidence = true;
	return 0;
}

static int set_strict(void *context, const char *value, struct sm_diag *diag)
{
	(void)value;
	(void)diag;
	((struct settings *)context)->learn.strict = true;
	return 0;
}

static int set_quiet(void *context, const char *value, struct sm_diag *diag)
{
	(void)value;
	(void)diag;
	((struct settings *)context)->quiet = true;
	return 0;
}

static int set_output(void *context, const char *value, struct sm_diag *diag)
{
	(void)diag;
	((struct settings *)context)->output = value;
	return 0;
}

static const struct sm_option options[] = {
	{ 'o', "output", "FILE", "write the policy to FILE", set_output },
	{ 0, "evidence", NULL, "add `seen`, how often each rule was used",
	  set_evidence },
	{ 0, "strict", NULL, "leave out grants that would stand in `review`",
	  set_strict },
	{ 'q', "quiet", NULL, "no summary", set_quiet },
	{ 0, NULL, NULL, NULL, NULL },
};

static const struct sm_program program = {
	.name = "secmgr-learn",
	.usage = "[options] TRACE... > policy.json",
	.summary = "learn a policy from recorded traces",
	.options = options,
	.usage_status = SM_EXIT_USAGE,
};

static int read_traces(struct sm_observations *observations, int count,
		       char **paths)
{
	struct sm_diag diag = { 0 };
	struct sm_trace *trace;
	enum sm_status status;

	for (int i = 0; i < count; i++) {
		status = sm_trace_open(paths[i], &trace, &diag);
		if (status == SM_OK) {
			status = sm_observations_read(observations, trace,
						      &diag);
			sm_trace_close(trace);
		}
		if (status != SM_OK) {
			sm_cli_diag(&program, paths[i], &diag);
			return SM_EXIT_USAGE;
		}
	}
	return SM_EXIT_OK;
}

/* ------------------------------------------------------------------ summary */

static void put_families(const struct sm_learned *learned)
{
	size_t rules = 0;

	for (int i = 0; i < SM_FAMILIES; i++)
		rules += learned->family[i];
	fprintf(stderr, "%s: %zu rules:", program.name, rules);
	for (int i = 0; i < SM_FAMILIES; i++)
		if (learned->family[i])
			fprintf(stderr, " %s %zu", sm_family_name(i),
				learned->family[i]);
	fprintf(stderr, "; %zu with open slots, %zu to review\n",
		learned->slotted, learned->reviews);
}

static void put_summary(const struct sm_observations *observations,
			const struct sm_learned *learned)
{
	struct sm_observed o;

	sm_observations_count(observations, &o);
	fprintf(stderr,
		"%s: %llu events in %llu traces (%llu runs, %llu processes), "
		"%llu distinct calls, %zu covered by bundles\n",
		program.name, (unsigned long long)o.events,
		(unsigned long long)o.traces, (unsigned long long)o.runs,
		(unsigned long long)o.processes, (unsigned long long)o.calls,
		learned->bundled);
	put_families(learned);
	if (o.denied)
		fprintf(stderr,
			"%s: %llu events were stopped by a policy and not "
			"learned from\n",
			program.name, (unsigned long long)o.denied);
	if (learned->repaired)
		fprintf(stderr,
			"%s: %zu calls needed literal rules after checking\n",
			program.name, learned->repaired);
}

/* What a reader must not miss; printed with --quiet, too. */
static void put_warnings(const struct sm_observations *observations,
			 const struct sm_learned *learned)
{
	struct sm_observed o;

	sm_observations_count(observations, &o);
	if (o.lost)
		fprintf(stderr,
			"%s: warning: %llu events are missing from the traces; "
			"what they did is not in this policy\n",
			program.name, (unsigned long long)o.lost);
	for (size_t i = 0; i < learned->residue_count; i++) {
		fprintf(stderr, "%s: not granted: ", program.name);
		sm_cli_put(stderr, learned->residue[i].what, false);
		fputc('\n', stderr);
	}
}

/* ------------------------------------------------------------------- output */

static int write_all(int fd, const char *text, size_t bytes)
{
	while (bytes) {
		ssize_t n = write(fd, text, bytes);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		text += n;
		bytes -= (size_t)n;
	}
	return 0;
}

/* Replaces path at once: readers see the old policy or the new one. */
static int write_file(const char *path, const char *text, size_t bytes)
{
	char temporary[4096];
	int fd, n = snprintf(temporary, sizeof(temporary), "%s.XXXXXX", path);

	if (n < 0 || (size_t)n >= sizeof(temporary)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	fd = mkostemp(temporary, O_CLOEXEC);
	if (fd < 0)
		return -1;
	if (write_all(fd, text, bytes) || fchmod(fd, 0644) || fsync(fd)) {
		close(fd);
		unlink(temporary);
		return -1;
	}
	if (close(fd) || rename(temporary, path)) {
		unlink(temporary);
		return -1;
	}
	return 0;
}

static int put_policy(const struct settings *settings,
		      const struct sm_rules *rules)
{
	char *text = NULL;
	size_t bytes = 0;
	int failed;

	if (sm_policy_print(rules, &text, &bytes) != SM_OK) {
		sm_cli_error(&program, NULL, "out of memory");
		return SM_EXIT_USAGE;
	}
	if (settings->output) {
		failed = write_file(settings->output, text, bytes);
		if (failed)
			sm_cli_error(&program, settings->output, "%s",
				     strerror(errno));
	} else {
		failed = fwrite(text, 1, bytes, stdout) != bytes;
	}
	free(text);
	return settings->output && failed ? SM_EXIT_USAGE : SM_EXIT_OK;
}

static int learn(const struct settings *settings, int count, char **paths,
		 struct sm_observations *observations)
{
	struct sm_diag diag = { 0 };
	struct sm_learned learned = { 0 };
	int status = read_traces(observations, count, paths);

	if (status != SM_EXIT_OK)
		return status;
	if (sm_learn(observations, &settings->learn, &learned, &diag) !=
	    SM_OK) {
		sm_cli_diag(&program, count == 1 ? paths[0] : NULL, &diag);
		return SM_EXIT_USAGE;
	}
	status = put_policy(settings, learned.rules);
	if (!settings->quiet)
		put_summary(observations, &learned);
	put_warnings(observations, &learned);
	if (status == SM_EXIT_OK && learned.residue_count)
		status = SM_EXIT_FINDING;
	sm_learned_fini(&learned);
	return status;
}

int main(int argc, char **argv)
{
	struct settings settings = { 0 };
	struct sm_observations *observations;
	int first, status;

	status = sm_cli_parse(&program, argc, argv, &settings, &first);
	if (status >= 0)
		return status;
	if (first == argc) {
		sm_cli_error(&program, NULL,
			     "no trace given; try secmgr-learn --help");
		return SM_EXIT_USAGE;
	}
	observations = sm_observations_new();
	if (!observations) {
		sm_cli_error(&program, NULL, "out of memory");
		return SM_EXIT_USAGE;
	}
	status = learn(&settings, argc - first, argv + first, observations);
	sm_observations_free(observations);
	return sm_cli_finish(&program, status);
}
