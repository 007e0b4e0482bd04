/* SPDX-License-Identifier: Apache-2.0 */
/*
 * environment.c: the variables that decide what code a child runs.
 *
 * LD_*, PYTHON* and PATH may be handed on as this process was given them, or
 * left out. What is new or changed is told as "NAME=HASH", sorted, and decided
 * as a request of its own. Values stay here: only a hash leaves, under a fixed
 * key, so that it means the same in the recording and in the program enforced.
 */
#include "recorder/agent/agent.h"

#include <stdio.h>
#include <stdlib.h>

#define GOVERNED_MAX 64
#define HASH_DIGITS  16

struct variable {
	struct sm_str name;
	uint64_t hash;
};

static struct {
	uint64_t hashes[GOVERNED_MAX]; /* of NAME=VALUE */
	uint32_t count;
} inherited;

/* What changed, of the event being taken; under the lock. */
struct changes {
	struct variable items[GOVERNED_MAX];
	uint32_t count;
	bool has_overflown;
};

extern char **environ;

static bool is_governed(struct sm_str name)
{
	return sm_str_starts(name, SM_STR("LD_")) ||
	       sm_str_starts(name, SM_STR("PYTHON")) ||
	       sm_str_equal(name, SM_STR("PATH"));
}

/* NAME and VALUE apart, so that no separator can move between them. */
static uint64_t hash_of(struct sm_str name, struct sm_str value)
{
	uint64_t parts[2] = { sm_digest_fixed(name.p, name.len),
			      sm_digest_fixed(value.p, value.len) };

	return sm_digest_fixed(parts, sizeof(parts));
}

/* What is raised again has no values any more, but their hashes. */
static bool is_recorded(struct sm_str value, uint64_t *hash)
{
	const struct sm_str prefix = SM_STR(SM_CHANNEL_LIVE_HASH);
	char digits[HASH_DIGITS + 1] = "";

	if (!(sm_agent.flags & SM_CHANNEL_LIVE) ||
	    value.len != prefix.len + HASH_DIGITS ||
	    !sm_str_starts(value, prefix))
		return false;
	memcpy(digits, value.p + prefix.len, HASH_DIGITS);
	*hash = strtoull(digits, NULL, 16);
	return true;
}

static bool split(const char *text, struct sm_str *name, struct sm_str *value)
{
	const char *equals = strchr(text, '=');

	if (!equals)
		return false;
	*name = (struct sm_str){ text, (uint32_t)(equals - text) };
	*value = sm_str_of(equals + 1);
	return true;
}

void sm_environment_setup(void)
{
	struct sm_str name, value;

	inherited.count = 0;
	for (char **at = environ; at && *at; at++)
		if (split(*at, &name, &value) && is_governed(name) &&
		    inherited.count < GOVERNED_MAX)
			inherited.hashes[inherited.count++] =
				hash_of(name, value);
}

static bool is_inherited(uint64_t hash)
{
	for (uint32_t i = 0; i < inherited.count; i++)
		if (inherited.hashes[i] == hash)
			return true;
	return false;
}

/* Inserts in order of names. */
static void consider(struct changes *c, struct sm_str name, struct sm_str value)
{
	struct variable new = { name, 0 };
	uint32_t at;

	if (!is_governed(name))
		return;
	if (!is_recorded(value, &new.hash))
		new.hash = hash_of(name, value);
	if (is_inherited(new.hash))
		return;
	if (c->count == GOVERNED_MAX) {
		c->has_overflown = true;
		return;
	}
	for (at = c->count++;
	     at && sm_str_compare(c->items[at - 1].name, name) > 0; at--)
		c->items[at] = c->items[at - 1];
	c->items[at] = new;
}

static void read_plain(struct changes *c, char *const variables[])
{
	struct sm_str name, value;

	for (char *const *at = variables; at && *at; at++)
		if (split(*at, &name, &value))
			consider(c, name, value);
}

static void read_dict(struct changes *c, struct sm_box *box,
		      struct py_object *variables)
{
	struct py_object *key, *item;
	char room[SM_PATH_MAX];
	struct sm_str name, value;
	PY_SIZE at = 0;

	while (sm_py.PyDict_Next(variables, &at, &key, &item)) {
		if (!sm_extract_string(box, key, &name))
			c->has_overflown = true; /* a PathLike, or the like */
		else if (!is_governed(name))
			continue;
		else if (!sm_extract_word(box, item, room, &value))
			c->has_overflown = true;
		else
			consider(c, name, value);
	}
}

static void read_list(struct changes *c, struct sm_box *box,
		      struct py_object *list)
{
	PY_SIZE n = sm_extract_length(list);
	struct sm_str text, name;

	for (PY_SIZE i = 0; i < n; i++) {
		struct py_object *item = sm_extract_item(list, i);
		const char *equals;

		if (!item || !sm_extract_string(box, item, &text)) {
			c->has_overflown = true;
			continue;
		}
		equals = text.len ? memchr(text.p, '=', text.len) : NULL;
		if (!equals)
			continue;
		name = (struct sm_str){ text.p, (uint32_t)(equals - text.p) };
		consider(
			c, name,
			(struct sm_str){ equals + 1, text.len - name.len - 1 });
	}
}

/* os.environ itself is no dict; it is kept equal to environ by putenv(3). */
static bool is_own(struct py_object *variables)
{
	return variables == sm_py._Py_NoneStruct ||
	       !strcmp(sm_python_type_name(variables), "_Environ");
}

static struct sm_str print(const struct changes *c, char out[SM_PATH_MAX])
{
	uint32_t used = 0;

	for (uint32_t i = 0; i < c->count; i++) {
		struct sm_str name = c->items[i].name;

		if (name.len + HASH_DIGITS + 3 > SM_PATH_MAX - used)
			return SM_STR("unreadable");
		if (used)
			out[used++] = ' ';
		memcpy(out + used, name.p, name.len);
		used += name.len;
		used += (uint32_t)snprintf(
			out + used, HASH_DIGITS + 2, "=%016llx",
			(unsigned long long)c->items[i].hash);
	}
	return (struct sm_str){ out, used };
}

struct sm_str sm_environment_changes(struct sm_box *box,
				     struct py_object *variables,
				     char out[SM_PATH_MAX])
{
	struct changes c = { .count = 0 };

	if (!variables || is_own(variables))
		read_plain(&c, environ);
	else if (sm_py.PyType_GetFlags(sm_python_type(variables)) & PY_IS_DICT)
		read_dict(&c, box, variables);
	else if (sm_extract_length(variables) >= 0)
		read_list(&c, box, variables);
	else
		c.has_overflown = true;
	if (c.has_overflown)
		return SM_STR("unreadable");
	return print(&c, out);
}

struct sm_str sm_environment_changes_of(char *const variables[],
					char out[SM_PATH_MAX])
{
	struct changes c = { .count = 0 };

	read_plain(&c, variables);
	return c.has_overflown ? SM_STR("unreadable") : print(&c, out);
}
