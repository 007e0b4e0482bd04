/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rules.c: a policy in memory: rules over an arena that owns their text.
 */
#include <stdio.h>
#include <stdlib.h>

#include "schema/policy.h"

#define CHUNK_BYTES 16384

struct chunk {
	struct chunk *next;
	size_t used, room;
	_Alignas(16) char bytes[];
};

struct arena {
	struct chunk *chunks;
	size_t rule_room, variable_room;
};

struct sm_rules *sm_rules_new(void)
{
	struct sm_rules *rules = calloc(1, sizeof(*rules));

	if (!rules)
		return NULL;
	rules->arena = calloc(1, sizeof(struct arena));
	if (!rules->arena) {
		free(rules);
		return NULL;
	}
	return rules;
}

void sm_rules_free(struct sm_rules *rules)
{
	struct arena *arena;
	struct chunk *c, *next;

	if (!rules)
		return;
	arena = rules->arena;
	for (c = arena->chunks; c; c = next) {
		next = c->next;
		free(c);
	}
	free(arena);
	free(rules->rules);
	free(rules->variables);
	free(rules);
}

static void *take(struct sm_rules *rules, size_t bytes)
{
	struct arena *arena = rules->arena;
	struct chunk *c = arena->chunks;
	size_t room = bytes > CHUNK_BYTES ? bytes : CHUNK_BYTES;
	void *p;

	bytes = (bytes + 15) & ~(size_t)15;
	if (!c || c->room - c->used < bytes) {
		c = malloc(sizeof(*c) + room + 16);
		if (!c)
			return NULL;
		c->next = arena->chunks;
		c->used = 0;
		c->room = room + 16;
		arena->chunks = c;
	}
	p = c->bytes + c->used;
	c->used += bytes;
	return p;
}

struct sm_str sm_rules_keep(struct sm_rules *rules, struct sm_str text)
{
	char *p = take(rules, (size_t)text.len + 1);

	if (!p)
		return (struct sm_str){ NULL, 0 };
	if (text.len)
		memcpy(p, text.p, text.len);
	p[text.len] = 0;
	return (struct sm_str){ p, text.len };
}

bool sm_strings_have(const struct sm_strings *list, struct sm_str text)
{
	for (size_t i = 0; i < list->count; i++)
		if (sm_str_equal(list->items[i], text))
			return true;
	return false;
}

bool sm_strings_equal(const struct sm_strings *a, const struct sm_strings *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (!sm_str_equal(a->items[i], b->items[i]))
			return false;
	return true;
}

/*
 * Lists grow to powers of two in the arena; what they leave behind is freed
 * with it. A list of count items has room for the next power of two.
 */
enum sm_status sm_strings_add(struct sm_rules *rules, struct sm_strings *list,
			      struct sm_str text)
{
	struct sm_str *items;
	size_t count = list->count;

	if (!(count & (count - 1))) {
		items = take(rules, (count ? 2 * count : 1) * sizeof(*items));
		if (!items)
			return SM_NOMEM;
		if (count)
			memcpy(items, list->items, count * sizeof(*items));
		list->items = items;
	}
	list->items[count] = sm_rules_keep(rules, text);
	if (!list->items[count].p)
		return SM_NOMEM;
	list->count++;
	return SM_OK;
}

static enum sm_status copy_strings(struct sm_rules *rules,
				   const struct sm_strings *from,
				   struct sm_strings *to)
{
	struct sm_strings copy = { NULL, 0 };
	enum sm_status status;
	size_t i;

	for (i = 0; i < from->count; i++) {
		status = sm_strings_add(rules, &copy, from->items[i]);
		if (status)
			return status;
	}
	*to = copy;
	return SM_OK;
}

static bool grow(void **items, size_t count, size_t *room, size_t size)
{
	size_t wanted = *room ? *room * 2 : 16;
	void *p;

	if (count < *room)
		return true;
	if (wanted > SIZE_MAX / size)
		return false;
	p = realloc(*items, wanted * size);
	if (!p)
		return false;
	*items = p;
	*room = wanted;
	return true;
}

enum sm_status sm_rules_add(struct sm_rules *rules, const struct sm_rule *rule)
{
	struct arena *arena = rules->arena;
	struct sm_rule copy = *rule;

	if (!grow((void **)&rules->rules, rules->count, &arena->rule_room,
		  sizeof(copy)))
		return SM_NOMEM;
	copy.id = sm_rules_keep(rules, rule->id);
	copy.pattern = sm_rules_keep(rules, rule->pattern);
	copy.review = sm_rules_keep(rules, rule->review);
	copy.bundle = sm_rules_keep(rules, rule->bundle);
	if (!copy.id.p || !copy.pattern.p || !copy.review.p || !copy.bundle.p ||
	    copy_strings(rules, &rule->args, &copy.args) ||
	    copy_strings(rules, &rule->by, &copy.by))
		return SM_NOMEM;
	rules->rules[rules->count++] = copy;
	return SM_OK;
}

enum sm_status sm_rules_set_variable(struct sm_rules *rules, struct sm_str name,
				     const struct sm_str *values, size_t count)
{
	struct arena *arena = rules->arena;
	struct sm_strings list = { (struct sm_str *)(uintptr_t)values, count };
	struct sm_strings copy = { NULL, 0 };
	struct sm_variable *v;
	struct sm_str kept;
	size_t i;

	if (copy_strings(rules, &list, &copy))
		return SM_NOMEM;
	for (i = 0; i < rules->variable_count; i++)
		if (sm_str_equal(rules->variables[i].name, name)) {
			rules->variables[i].values = copy;
			return SM_OK;
		}
	kept = sm_rules_keep(rules, name);
	if (!kept.p || !grow((void **)&rules->variables, rules->variable_count,
			     &arena->variable_room, sizeof(*rules->variables)))
		return SM_NOMEM;
	v = &rules->variables[rules->variable_count++];
	v->name = kept;
	v->values = copy;
	return SM_OK;
}

/* --------------------------------------------------------------- canonical */

static int compare_strings(const struct sm_strings *a,
			   const struct sm_strings *b)
{
	size_t i;
	int r;

	for (i = 0; i < a->count && i < b->count; i++) {
		r = sm_str_compare(a->items[i], b->items[i]);
		if (r)
			return r;
	}
	return (a->count > b->count) - (a->count < b->count);
}

static int compare_numbers(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

/* Files are ordered by path first, everything else by its kind of access. */
int sm_rule_compare(const struct sm_rule *a, const struct sm_rule *b)
{
	int r = compare_numbers(a->deny, b->deny);

	if (!r)
		r = compare_numbers(a->family, b->family);
	if (!r && a->family != SM_FAMILY_FILES)
		r = compare_numbers(a->access, b->access);
	if (!r)
		r = sm_str_compare(a->pattern, b->pattern);
	if (!r)
		r = compare_numbers(a->has_args, b->has_args);
	if (!r)
		r = compare_strings(&a->args, &b->args);
	if (!r)
		r = compare_strings(&a->by, &b->by);
	if (!r)
		r = compare_numbers(a->via, b->via);
	if (!r)
		r = compare_numbers(a->makes_code, b->makes_code);
	return r ? r : compare_numbers(a->access, b->access);
}

static int compare_rules(const void *left, const void *right)
{
	const struct sm_rule *a = left, *b = right;
	int r = sm_rule_compare(a, b);

	return r ? r : sm_str_compare(a->id, b->id);
}

static int compare_texts(const void *left, const void *right)
{
	return sm_str_compare(*(const struct sm_str *)left,
			      *(const struct sm_str *)right);
}

static void sort_by(struct sm_strings *by)
{
	size_t i, kept = 0;

	if (!by->count)
		return;
	qsort(by->items, by->count, sizeof(*by->items), compare_texts);
	for (i = 0; i < by->count; i++)
		if (!i || !sm_str_equal(by->items[i], by->items[kept - 1]))
			by->items[kept++] = by->items[i];
	by->count = kept;
}

static int compare_variables(const void *left, const void *right)
{
	return sm_str_compare(((const struct sm_variable *)left)->name,
			      ((const struct sm_variable *)right)->name);
}

/* The ids that rules have, sorted; NULL: out of memory. */
static struct sm_str *given_ids(const struct sm_rules *rules, size_t count)
{
	struct sm_str *ids = malloc((count + 1) * sizeof(*ids));
	size_t i, n = 0;

	for (i = 0; ids && i < rules->count; i++)
		if (rules->rules[i].id.len)
			ids[n++] = rules->rules[i].id;
	if (n)
		qsort(ids, n, sizeof(*ids), compare_texts);
	return ids;
}

static char letter_of(const struct sm_rule *rule)
{
	static const char letters[SM_FAMILIES] = {
		[SM_FAMILY_FILES] = 'f',     [SM_FAMILY_NETWORK] = 'n',
		[SM_FAMILY_PROCESSES] = 'p', [SM_FAMILY_CODE] = 'c',
		[SM_FAMILY_PICKLES] = 'k',   [SM_FAMILY_NATIVE] = 'd',
		[SM_FAMILY_EVENTS] = 'e',
	};

	return rule->deny ? 'x' : letters[rule->family];
}

enum sm_status sm_policy_normalise(struct sm_rules *rules)
{
	unsigned next[128] = { 0 };
	struct sm_str *ids;
	size_t i, given = 0;

	for (i = 0; i < rules->count; i++) {
		sort_by(&rules->rules[i].by);
		given += rules->rules[i].id.len > 0;
	}
	if (rules->variable_count)
		qsort(rules->variables, rules->variable_count,
		      sizeof(*rules->variables), compare_variables);
	if (rules->count)
		qsort(rules->rules, rules->count, sizeof(*rules->rules),
		      compare_rules);
	ids = given_ids(rules, given);
	if (!ids)
		return SM_NOMEM;
	for (i = 0; i < rules->count; i++) {
		struct sm_rule *rule = &rules->rules[i];
		char text[24], letter = letter_of(rule);
		struct sm_str id;

		if (rule->id.len)
			continue;
		do {
			int n = snprintf(text, sizeof(text), "%c%u", letter,
					 ++next[(unsigned char)letter]);

			id = (struct sm_str){ text, (uint32_t)n };
		} while (bsearch(&id, ids, given, sizeof(id), compare_texts));
		rule->id = sm_rules_keep(rules, id);
		if (!rule->id.p)
			break;
	}
	free(ids);
	return i < rules->count ? SM_NOMEM : SM_OK;
}
