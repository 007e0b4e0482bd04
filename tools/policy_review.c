/* SPDX-License-Identifier: Apache-2.0 */
/*
 * policy_review.c: walks what somebody should look at before a policy blocks.
 */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "tools/cli_progress.h"
#include "tools/review.h"

static void drop_answers(const struct sm_review *review)
{
	char *path = sm_review_answers_path(review);

	if (path && unlink(path) && errno != ENOENT)
		sm_cli_error(&sm_policy_program, path, "cannot remove it: %s",
			     strerror(errno));
	free(path);
}

static int write_answers(const struct sm_review *review)
{
	int status = sm_review_write(review);

	if (status)
		return status;
	return sm_review_left(review) ? SM_EXIT_FINDING : SM_EXIT_OK;
}

static int ask(struct sm_review *review)
{
	int status;

	if (!review->count) {
		printf("%s: nothing to review\n", review->path);
		return SM_EXIT_OK;
	}
	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO)) {
		sm_cli_error(&sm_policy_program, NULL,
			     "%zu to review, and nobody to ask: this is no "
			     "terminal; use --list, --json or --apply",
			     review->count);
		return SM_EXIT_USAGE;
	}
	status = sm_review_ask(review);
	if (status)
		return status;
	status = write_answers(review);
	if (status != SM_EXIT_USAGE)
		drop_answers(review);
	return status;
}

static int run(const struct sm_policy_options *o, struct sm_review *review)
{
	if (o->apply)
		return sm_review_read_answers(review, o->apply)
			       ? write_answers(review)
			       : SM_EXIT_USAGE;
	if (o->is_explaining) {
		sm_review_explain(review);
		return SM_EXIT_OK;
	}
	if (!o->is_json && !o->is_listing)
		return ask(review);
	if (o->is_json)
		sm_review_print_json(review);
	else
		sm_review_print_answers(review, stdout, true);
	return review->count ? SM_EXIT_FINDING : SM_EXIT_OK;
}

int sm_policy_review(const struct sm_policy_options *o, int argc, char **argv)
{
	struct sm_policy_options all = *o;
	struct sm_review review;
	int status;

	if (o->is_listing + o->is_json + o->is_explaining + !!o->apply > 1) {
		sm_cli_error(&sm_policy_program, NULL,
			     "one of --list, --json, --explain and --apply");
		return SM_EXIT_USAGE;
	}
	if (!strcmp(argv[0], "-")) {
		sm_cli_error(&sm_policy_program, "-",
			     "the policy to review must be a file");
		return SM_EXIT_USAGE;
	}
	all.shows_all |= o->is_explaining;
	sm_cli_progress(&sm_policy_program);
	status = sm_review_open(&all, argc, argv, &review);
	sm_cli_progress_end();
	if (!status)
		status = run(o, &review);
	sm_review_close(&review);
	return status;
}
