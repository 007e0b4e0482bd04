/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/replay_live_policy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void replay_live_bindings_free(struct replay_live_bindings *b)
{
	for (size_t i = 0; i < b->count; i++)
		free(b->texts[i]);
	free(b->texts);
	free(b->items);
}

static bool append(char **text, struct sm_str part)
{
	char *longer = NULL;

	if (asprintf(&longer, "%s%s%.*s", *text ? *text : "", *text ? ":" : "",
		     (int)part.len, part.p) < 0)
		return false;
	free(*text);
	*text = longer;
	return true;
}

static bool append_mapped(const struct sm_live *run,
			  const struct sm_trace *trace, struct sm_str value,
			  char **text)
{
	char path[8192];
	struct sm_str mapped = value;

	if (value.len < 4096)
		sm_live_map(run, trace, value, path, &mapped);
	return append(text, mapped);
}

static bool put_binding(struct replay_live_bindings *b, const char *name,
			char *text)
{
	b->texts[b->count] = text;
	b->items[b->count++] = (struct sm_binding){ name, text };
	return text != NULL;
}

static bool map_binding(struct replay_live_bindings *b,
			const struct sm_live *run, const struct sm_trace *trace,
			const struct sm_binding *from)
{
	const char *at = from->value;
	char *text = NULL;

	do {
		size_t n = strcspn(at, ":");

		if (!append_mapped(run, trace,
				   (struct sm_str){ at, (uint32_t)n }, &text))
			break;
		at += n;
	} while (*at++);
	return put_binding(b, from->name, text);
}

static bool map_variable(struct replay_live_bindings *b,
			 const struct sm_live *run,
			 const struct sm_trace *trace,
			 const struct sm_variable *variable)
{
	char *text = NULL;

	for (size_t i = 0; i < variable->values.count; i++)
		if (!append_mapped(run, trace, variable->values.items[i],
				   &text))
			break;
	return !text || put_binding(b, variable->name.p, text);
}

static bool is_bound(const struct sm_binding *bindings, size_t count,
		     struct sm_str name)
{
	for (size_t i = 0; i < count; i++)
		if (sm_str_equal(sm_str_of(bindings[i].name), name))
			return true;
	return false;
}

bool replay_live_map(struct replay_live_bindings *b, const struct sm_live *run,
		     const struct sm_trace *trace, const struct sm_rules *rules,
		     const struct sm_binding *given, size_t count)
{
	size_t most = count + rules->variable_count + 1;

	*b = (struct replay_live_bindings){
		.items = calloc(most, sizeof(*b->items)),
		.texts = calloc(most, sizeof(*b->texts))
	};
	if (!b->items || !b->texts)
		return false;
	for (size_t i = 0; i < count; i++)
		if (!map_binding(b, run, trace, &given[i]))
			return false;
	for (size_t i = 0; i < rules->variable_count; i++)
		if (!is_bound(given, count, rules->variables[i].name) &&
		    !map_variable(b, run, trace, &rules->variables[i]))
			return false;
	return true;
}
