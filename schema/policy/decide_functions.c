/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/policy/functions.h"

static const struct sm_str app = { "app", 3 };

struct sm_str sm_functions_next(struct sm_str *names)
{
	const char *comma = memchr(names->p, ',', names->len);
	struct sm_str name = *names;

	if (comma)
		name.len = (uint32_t)(comma - names->p);
	names->p += name.len + !!comma;
	names->len -= name.len + !!comma;
	return name;
}

static bool is_name(struct sm_str name)
{
	for (uint32_t i = 0; i < name.len; i++)
		if ((unsigned char)name.p[i] <= ' ' || name.p[i] == 0x7f)
			return false;
	return name.len && name.len <= SM_FUNCTION_MAX;
}

static bool are_names(struct sm_str names)
{
	bool are = names.len && names.p[names.len - 1] != ',';

	while (are && names.len)
		are = is_name(sm_functions_next(&names));
	return are;
}

bool sm_functions_read(struct sm_str by, struct sm_functions *out)
{
	struct sm_str names;

	if (by.len < 5 || memcmp(by.p, "app:", 4))
		return false;
	names = (struct sm_str){ by.p + 4, by.len - 4 };
	out->are_others = names.p[0] == '!';
	names.p += out->are_others;
	names.len -= out->are_others;
	out->names = names;
	return are_names(names);
}

bool sm_functions_list(struct sm_str names, struct sm_str function)
{
	while (names.len)
		if (sm_str_equal(sm_functions_next(&names), function))
			return true;
	return false;
}

/* How many of names are on the list. */
static uint32_t count_of(struct sm_str names, struct sm_str list, uint32_t *all)
{
	uint32_t n = 0;

	for (*all = 0; names.len; ++*all)
		n += sm_functions_list(list, sm_functions_next(&names));
	return n;
}

bool sm_functions_hold(struct sm_str a, struct sm_str b)
{
	struct sm_functions of_a, of_b;
	uint32_t both, all;

	if (sm_str_equal(a, b))
		return true;
	if (!sm_functions_read(b, &of_b))
		return false;
	if (sm_str_equal(a, app))
		return true;
	if (!sm_functions_read(a, &of_a))
		return false;
	if (of_a.are_others && of_b.are_others)
		return count_of(of_a.names, of_b.names, &all) == all;
	both = count_of(of_b.names, of_a.names, &all);
	if (of_a.are_others)
		return !both;
	return !of_b.are_others && both == all;
}
