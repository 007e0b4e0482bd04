/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The application's own modules that were not loaded while recording: a view
 * that nobody asked for, a command, what handles a rare error. Each is granted
 * by its name if it lay where the application's code was recorded from, and
 * nothing that is recorded or granted writes there: what is put there later,
 * and what the program may change, stays out.
 */
#include "learner/learn.h"

#include <fcntl.h>
#include <limits.h>

/* --------------------------------------------------------------- what there is
 */

enum sm_status sm_observe_modules(struct sm_observations *o, struct sm_str root,
				  struct sm_str text)
{
	char path[SM_INSTALLED_BYTES];
	enum sm_status status = SM_OK;

	if (!sm_path_is_canonical(root) || root.len < 2)
		return SM_OK;
	while (text.len && status == SM_OK) {
		const char *end = memchr(text.p, '\n', text.len);
		uint32_t n = end ? (uint32_t)(end - text.p) : text.len;
		struct sm_str line = { path, root.len + 1 + n };

		if (n && line.len <= sizeof(path)) {
			memcpy(path, root.p, root.len);
			path[root.len] = '/';
			memcpy(path + root.len + 1, text.p, n);
			if (sm_path_is_canonical(line))
				status = sm_observe_installed(o, line);
		}
		n += end ? 1 : 0;
		text = (struct sm_str){ text.p + n, text.len - n };
	}
	return status;
}

/* ---------------------------------------------------------- what was written
 */

/* Marks what is path, or lies below it. */
static void mark(const struct sm_observations *o, bool *marks,
		 struct sm_str path)
{
	size_t at = sm_str_place(o->installed, o->installed_count, path);
	char below[PATH_MAX];

	if (at < o->installed_count && sm_str_equal(o->installed[at], path))
		marks[at] = true;
	if (path.len >= sizeof(below))
		return;
	memcpy(below, path.p, path.len);
	below[path.len] = '/';
	path = (struct sm_str){ below, path.len + 1 };
	at = sm_str_place(o->installed, o->installed_count, path);
	while (at < o->installed_count && sm_str_starts(o->installed[at], path))
		marks[at++] = true;
}

/* Marks what was written, or lies in a directory that the program made. */
static bool *find_written(struct sm_learn *l)
{
	size_t count = l->observations->installed_count;
	bool *marks = sm_learn_take(l, count + 1);

	for (size_t i = 0; count && i < l->view_count; i++)
		for (unsigned k = 0; k < l->views[i].request_count; k++)
			if (sm_is_writing(&l->views[i].requests[k]))
				mark(l->observations, marks,
				     l->views[i].requests[k].value);
	return marks;
}

/* ------------------------------------------------------------------- rules */

/* Granted already, or lying where the policy lets be written. */
static bool is_settled(const struct sm_policy *policy, struct sm_str path)
{
	const struct sm_value args[3] = {
		{ .type = SM_TEXT,
		  .s = path.p,
		  .len = path.len,
		  .full_len = path.len },
		{ .type = SM_NONE },
		{ .type = SM_INT, .i = O_RDONLY },
	};
	struct sm_event event = { .args = args, .argc = 3 };
	struct sm_verdict verdict;

	event.site.event = SM_STR("open");
	event.site.kind = SM_EVENT_OPEN;
	event.site.via = SM_VIA_IMPORT;
	event.site.principal.kind = SM_PRINCIPAL_PYTHON;
	sm_policy_decide(policy, &event, &verdict);
	return verdict.decision == SM_ALLOWED ||
	       verdict.reason == SM_REASON_WRITTEN;
}

/* What lies beside a program that was run is other programs. */
static bool is_program(struct sm_str path)
{
	struct sm_str place = sm_path_name(sm_dir_of(path));

	return sm_str_equal(place, SM_STR("bin")) ||
	       sm_str_equal(place, SM_STR("sbin"));
}

void sm_learn_modules(struct sm_learn *l, const struct sm_policy *policy)
{
	const struct sm_observations *o = l->observations;
	const bool *is_written = find_written(l);
	struct sm_rule rule = { .family = SM_FAMILY_CODE,
				.access = SM_ACCESS_LOAD };

	l->why = SM_STR("lay beside the application's code when it was "
			"recorded");
	for (size_t i = 0; i < o->installed_count; i++) {
		struct sm_str path = o->installed[i];

		if (!sm_path_is_canonical(path) || is_written[i] ||
		    is_program(path) || is_settled(policy, path))
			continue;
		rule.pattern = sm_learn_path(l, path);
		sm_learn_rule(l, &rule);
	}
	l->why = SM_STR("");
}
