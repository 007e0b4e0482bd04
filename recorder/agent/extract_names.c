/* SPDX-License-Identifier: Apache-2.0 */
/*
 * extract_names.c: the names of variables and keys, without their values.
 */
#include "recorder/agent/extract.h"

/* Keeps the least SM_ITEMS_MAX names, sorted: the same set, the same list. */
static void insert_name(struct sm_value *names, uint32_t *count,
			const struct sm_value *name)
{
	uint32_t at = *count;

	while (at && sm_str_compare(sm_value_str(name),
				    sm_value_str(&names[at - 1])) < 0)
		at--;
	if (at >= SM_ITEMS_MAX)
		return;
	if (*count < SM_ITEMS_MAX)
		++*count;
	memmove(names + at + 1, names + at, (*count - at - 1) * sizeof(*names));
	names[at] = *name;
}

static bool name_value(struct sm_box *box, struct py_object *o, bool is_entry,
		       struct sm_value *value)
{
	struct sm_str s;
	const char *equals;
	bool is_text;

	memset(value, 0, sizeof(*value));
	if (!sm_extract_text(box, o, &s, &is_text))
		return false;
	equals = is_entry && s.len ? memchr(s.p, '=', s.len) : NULL;
	if (equals)
		s.len = (uint32_t)(equals - s.p);
	if (s.len > NAME_MAX_BYTES)
		s.len = NAME_MAX_BYTES;
	value->type = is_text && sm_utf8_is_valid(s) ? SM_TEXT : SM_BYTES;
	value->s = s.p;
	value->len = s.len;
	value->full_len = s.len;
	return true;
}

SM_RARELY static void end_names(struct sm_box *box, struct sm_value *names,
				uint32_t count, uint64_t total,
				struct sm_value *value)
{
	uint32_t keep = 0;

	while (keep < count && names[keep].len <= box->budget)
		box->budget -= names[keep++].len;
	value->type = SM_LIST;
	value->items = names;
	value->len = keep;
	value->full_len = total > keep ? total : keep;
}

/* A dict's keys. */
void sm_extract_keys(struct sm_box *box, struct py_object *o,
		     struct sm_value *value)
{
	struct sm_value *names = sm_box_take(box, SM_ITEMS_MAX), name;
	struct py_object *key, *item;
	uint32_t count = 0;
	PY_SIZE at = 0;

	if (!names ||
	    !(sm_py.PyType_GetFlags(sm_python_type(o)) & PY_IS_DICT)) {
		sm_extract_other(box, o, value);
		return;
	}
	while (sm_py.PyDict_Next(o, &at, &key, &item))
		if (name_value(box, key, false, &name))
			insert_name(names, &count, &name);
	end_names(box, names, count, (uint64_t)sm_py.PyDict_Size(o), value);
}

/* Names only: what variables hold is often secret. */
SM_RARELY void sm_extract_environ(struct sm_box *box, struct py_object *o,
				  struct sm_value *value)
{
	struct sm_value *names, name;
	PY_SIZE n = sm_extract_length(o);
	uint32_t count = 0;

	if (n < 0) {
		sm_extract_keys(box, o, value);
		return;
	}
	names = sm_box_take(box, SM_ITEMS_MAX);
	if (!names) {
		sm_extract_other(box, o, value);
		return;
	}
	for (PY_SIZE i = 0; i < n; i++) {
		struct py_object *item = sm_extract_item(o, i);

		if (item && name_value(box, item, true, &name))
			insert_name(names, &count, &name);
	}
	end_names(box, names, count, (uint64_t)n, value);
}
