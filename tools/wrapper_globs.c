/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wrapper_globs.c: which events are stored, by patterns of their names.
 */
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

#include "tools/wrapper.h"

#define NAME_MAX_BYTES 256

int wrapper_set_glob(void *context, const char *value, struct sm_diag *diag)
{
	struct wrapper *wrapper = context;

	if (wrapper->glob_count == WRAPPER_GLOBS_MAX) {
		sm_fail(diag, SM_LIMIT, "more than %d patterns",
			WRAPPER_GLOBS_MAX);
		return 1;
	}
	if (!value[value[0] == '!']) {
		sm_fail(diag, SM_INVALID, "empty pattern");
		return 1;
	}
	wrapper->globs[wrapper->glob_count++] = value;
	return 0;
}

bool wrapper_wants(const struct wrapper *wrapper, struct sm_str event)
{
	char name[NAME_MAX_BYTES];
	bool has_positive = false, is_in = false;
	size_t i;

	if (!wrapper->glob_count || event.len >= sizeof(name))
		return true;
	memcpy(name, event.p, event.len);
	name[event.len] = '\0';
	for (i = 0; i < wrapper->glob_count; i++) {
		const char *glob = wrapper->globs[i];
		bool is_negative = glob[0] == '!';
		bool matches = !fnmatch(glob + is_negative, name, 0);

		if (is_negative && matches)
			return false;
		has_positive |= !is_negative;
		is_in |= !is_negative && matches;
	}
	return is_in || !has_positive;
}

/* --------------------------------------------------------------------- doubt
 */

static bool is_known(const char *glob)
{
	for (int kind = 1; kind < SM_EVENTS; kind++) {
		char name[NAME_MAX_BYTES];

		snprintf(name, sizeof(name), "%.*s",
			 (int)sm_catalogue[kind].name.len,
			 sm_catalogue[kind].name.p);
		if (!fnmatch(glob, name, 0))
			return true;
	}
	return false;
}

static void doubt(const struct wrapper *wrapper, const char *given)
{
	const char *glob = given + (given[0] == '!');
	char family[NAME_MAX_BYTES];

	if (is_known(glob))
		return;
	snprintf(family, sizeof(family), "%s.*", glob);
	if (is_known(family))
		sm_cli_error(wrapper->program, NULL,
			     "-e %s: no event is called so; '%s%s' are", given,
			     glob == given ? "" : "!", family);
	else
		sm_cli_error(wrapper->program, NULL,
			     "-e %s: no event of CPython is called so, only "
			     "one that the program raises itself can be",
			     given);
}

void wrapper_doubt_globs(const struct wrapper *wrapper)
{
	for (size_t i = 0;
	     !wrapper->tells_losses_only && i < wrapper->glob_count; i++)
		doubt(wrapper, wrapper->globs[i]);
}
