/* SPDX-License-Identifier: Apache-2.0 */
/*
 * build_values.c: what variables stand for while a policy is compiled.
 */
#include "schema/path.h"
#include "schema/policy/build.h"

static enum sm_status split_binding(struct sm_build *b,
				    const struct sm_binding *binding,
				    struct sm_str *values, size_t room,
				    size_t *count)
{
	struct sm_str rest = sm_str_of(binding->value);
	uint32_t end;

	for (;;) {
		for (end = 0; end < rest.len && rest.p[end] != ':';)
			end++;
		if (*count == room ||
		    !sm_path_is_canonical((struct sm_str){ rest.p, end }))
			return sm_fail(b->diag, SM_INVALID,
				       "%s=%s: absolute paths without //, ., "
				       ".. and trailing /, separated by :",
				       binding->name, binding->value);
		values[(*count)++] = (struct sm_str){ rest.p, end };
		if (end == rest.len)
			return SM_OK;
		rest.p += end + 1;
		rest.len -= end + 1;
	}
}

enum sm_status sm_build_values(struct sm_build *b, struct sm_str name,
			       unsigned line, struct sm_str *values,
			       size_t room, size_t *count)
{
	size_t i, j;

	*count = 0;
	if (sm_pattern_is_told(name))
		return sm_fail_at(b->diag, SM_INVALID, line, 1,
				  "${%.*s} can only start the path of a rule "
				  "of files that allows",
				  (int)name.len, name.p);
	for (i = 0; i < b->binding_count; i++)
		if (sm_str_equal(sm_str_of(b->bindings[i].name), name))
			return split_binding(b, &b->bindings[i], values, room,
					     count);
	for (i = 0; i < b->rules->variable_count; i++) {
		const struct sm_variable *v = &b->rules->variables[i];

		if (!sm_str_equal(v->name, name))
			continue;
		for (j = 0; j < v->values.count && j < room; j++)
			values[j] = v->values.items[j];
		*count = j;
		if (j < v->values.count)
			return sm_fail_at(b->diag, SM_LIMIT, line, 1,
					  "${%.*s} has more than %zu values",
					  (int)name.len, name.p, room);
		return SM_OK;
	}
	return sm_fail_at(b->diag, SM_NOT_FOUND, line, 1,
			  "undefined variable ${%.*s}; give it a value in "
			  "\"variables\"",
			  (int)name.len, name.p);
}

enum sm_status sm_build_directories(struct sm_build *b, const char *name,
				    struct sm_blob_span *span)
{
	struct sm_vector *v = &b->sections[SM_BLOB_NAMES];
	struct sm_str values[SM_VALUES_OF_VARIABLE_MAX];
	struct sm_diag *diag = b->diag;
	enum sm_status status;
	size_t count, i;

	b->diag = NULL;
	status = sm_build_values(b, sm_str_of(name), 0, values,
				 SM_VALUES_OF_VARIABLE_MAX, &count);
	b->diag = diag;
	span->first = (uint32_t)v->count;
	if (status == SM_NOT_FOUND)
		return SM_OK;
	for (i = 0; !status && i < count; i++) {
		struct sm_blob_text text, *to;

		status = sm_build_text(b, values[i], &text);
		to = sm_build_push(v, sizeof(*to));
		if (!to)
			return SM_NOMEM;
		*to = text;
		span->count++;
	}
	return status;
}
