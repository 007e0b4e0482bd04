/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names nobody chose: tempfile's, process ids, numbers of descriptors, digests,
 * keys of sessions. One of them says that the next one is another.
 */
#include "learner/tree.h"
#include "schema/ascii.h"

struct sm_str sm_with_token(struct sm_learn *l, struct sm_str name,
			    uint32_t from, uint32_t to, const char *token)
{
	struct sm_str text = sm_escape(l, sm_str_part(name, 0, from));

	text = sm_learn_join(l, text, sm_str_of(token));
	return sm_learn_join(l, text,
			     sm_escape(l, sm_str_part(name, to, name.len)));
}

static bool is_number(struct sm_str name)
{
	for (uint32_t i = 0; i < name.len; i++)
		if (!sm_is_digit(name.p[i]))
			return false;
	return name.len;
}

/* Descriptors and threads under /proc are numbers that mean nothing later. */
static bool is_proc_number(const struct sm_node *node)
{
	struct sm_str up = node->parent ? node->parent->name : node->name;

	return is_number(node->name) && (sm_str_equal(up, SM_STR("fd")) ||
					 sm_str_equal(up, SM_STR("fdinfo")) ||
					 sm_str_equal(up, SM_STR("task")));
}

/* gettext's DIR/LANGUAGE/LC_MESSAGES: the language is the visitor's. */
static bool is_language(const struct sm_node *node)
{
	for (size_t i = 0; i < node->count; i++)
		if (sm_str_equal(node->kids[i]->name, SM_STR("LC_MESSAGES")))
			return !node->is_made;
	return false;
}

/* Long enough to be drawn or computed: it will not come back. */
static bool is_unique(struct sm_str name)
{
	for (uint32_t i = 0, run = 0; i < name.len; i++) {
		struct sm_str rest = { name.p + i, name.len - i };
		bool is_hex = sm_is_hex(name.p[i]);

		if (sm_token_match(SM_TOKEN_UUID, rest))
			return true;
		run = is_hex ? run + 1 : 0;
		if (run == 32)
			return true;
	}
	return false;
}

/* NAME-<uuid>.msg: whatever else in it looks like a value is one. */
static struct sm_str unique(struct sm_learn *l, struct sm_str name)
{
	unsigned typed;
	struct sm_str text = sm_skeleton(l, name, &typed);

	return typed ? text : (struct sm_str){ "", 0 };
}

/*
 * All of the name is a digest, of MD5 to SHA-512: what it was computed from is
 * another thing after the next upgrade, also if it was only looked for. With
 * an extension it may be somebody's settings.
 */
static bool is_digest(struct sm_str name)
{
	uint32_t n = name.len, digits = 0;

	for (uint32_t i = 0; i < n; i++) {
		if (!sm_is_digit(name.p[i]) &&
		    (name.p[i] < 'a' || name.p[i] > 'f'))
			return false;
		digits += sm_is_digit(name.p[i]);
	}
	return digits && digits < n &&
	       (n == 32 || n == 40 || n == 56 || n == 64 || n == 96 ||
		n == 128);
}

/* Made directories by date: the parts from the year on. */
static bool is_clock_dir(const struct sm_learn *l, const struct sm_node *node)
{
	struct sm_str parts[3];

	for (size_t count = 1; count <= 3; count++) {
		const struct sm_node *up = node;

		for (size_t i = count; i-- > 0 && up; up = up->parent)
			parts[i] = up->name;
		if (up && sm_is_clock_dir(l, parts, count))
			return node->is_made;
	}
	return false;
}

/*
 * Keys of sessions and the like: 16 letters and digits or more, which change
 * places at least five times.
 */
static bool find_key(struct sm_str name, uint32_t *from, uint32_t *to)
{
	for (uint32_t i = 0, turns; i < name.len; i = *to + 1) {
		*from = *to = i;
		turns = 0;
		while (*to < name.len && sm_is_alnum(name.p[*to])) {
			turns +=
				*to > i && sm_is_digit(name.p[*to]) !=
						   sm_is_digit(name.p[*to - 1]);
			++*to;
		}
		if (*to - i >= 16 && turns >= 5)
			return true;
	}
	return false;
}

/* Digits of numbers drawn at random, as they are mostly asked for. */
static bool is_drawn_length(uint32_t n)
{
	return n == 8 || n == 12 || n == 16 || n == 24 || n == 32;
}

/* The last digits in a name that are so many, with letters among them; what is
 * too long begins with the end of a word. */
static bool find_hex(struct sm_str name, uint32_t *from, uint32_t *to)
{
	bool found = false;

	for (uint32_t i = 0, end; i < name.len; i = end + 1) {
		uint32_t start, digits = 0;

		for (end = i; end < name.len && sm_is_hex(name.p[end]); end++)
			digits += sm_is_digit(name.p[end]);
		for (start = i; start < end && !is_drawn_length(end - start) &&
				!sm_is_digit(name.p[start]);)
			start++;
		if (!is_drawn_length(end - start) || !digits ||
		    digits == end - start ||
		    (end < name.len && sm_is_alnum(name.p[end])))
			continue;
		*from = start;
		*to = end;
		found = true;
	}
	return found;
}

/* A file that was made under a name of one run and is gone again. */
static bool is_passing(const struct sm_node *node)
{
	const uint32_t passes = SM_ACCESS_CREATE | SM_ACCESS_DELETE;

	if (node->is_dir || node->runs.count != 1)
		return false;
	for (const struct sm_grant *g = node->grants; g; g = g->next)
		if ((g->access & passes) == passes)
			return true;
	return false;
}

struct sm_str sm_open_pids(struct sm_learn *l, struct sm_str name)
{
	uint32_t from, to;

	return sm_find_pid(l, name, NULL, &from, &to)
		       ? sm_with_token(l, name, from, to, "<int>")
		       : sm_escape(l, name);
}

/*
 * Around a part that is another one the next time, what looks like a value is
 * one as well: 816-139755383246032.eml. But for names that only were there.
 */
static struct sm_str around(struct sm_learn *l, struct sm_str name,
			    uint32_t from, uint32_t to, const char *token)
{
	unsigned before, behind;
	struct sm_str text =
		sm_skeleton(l, sm_str_part(name, 0, from), &before);
	struct sm_str rest =
		sm_skeleton(l, sm_str_part(name, to, name.len), &behind);

	if (before + behind >= SM_COMPONENT_WILDCARDS)
		return sm_with_token(l, name, from, to, token);
	text = sm_learn_join(l, text, sm_str_of(token));
	return sm_learn_join(l, text, rest);
}

void sm_node_rename(struct sm_learn *l, struct sm_node *node,
		    const struct sm_place *place)
{
	struct sm_str name = node->name;
	uint32_t from, to;

	if (node->is_slot)
		return;
	from = node->tmp_at - 1;
	if (node->tmp_at || (node->is_tempfile && sm_find_tmp(name, &from)) ||
	    ((place->is_tmp || node->is_made) && sm_is_plain_tmp(name) &&
	     sm_find_tmp(name, &from)))
		node->name = around(l, name, from, from + 8, "<tmp>");
	else if (node->is_made &&
		 sm_find_pid(l, name, &node->processes, &from, &to)) {
		node->name = around(l, name, from, to, "<int>");
		node->is_own_dir =
			node->is_made_dir && l->options.level != SM_LEVEL_TIGHT;
	} else if ((place->is_tmp || place->is_proc) &&
		   sm_find_pid(l, name, &node->processes, &from, &to))
		node->name = sm_with_token(l, name, from, to, "<int>");
	else if (place->is_proc && is_proc_number(node))
		node->name = SM_STR("<int>");
	else if (is_clock_dir(l, node))
		node->name = SM_STR("<int>");
	else if (is_language(node))
		node->name = SM_STR("<name>");
	else
		return;
	node->is_slot = true;
	node->is_drawn = node->is_made && !node->count;
}

/* A name that did not open with others, but will not come back as it is. */
static void rename_once(struct sm_learn *l, struct sm_node *node,
			const struct sm_place *place)
{
	struct sm_str name = node->name, text = SM_STR("");
	uint32_t from, to;

	if (node->is_slot || place->is_closed)
		return;
	if ((node->is_made && is_unique(name)) || is_digest(name) ||
	    sm_has_clock(l, name))
		text = unique(l, name);
	if (text.len)
		node->name = text;
	else if (node->is_made && find_key(name, &from, &to) &&
		 (from > 2 || !place->is_shared))
		node->name = sm_with_token(l, name, from, to, "<name>");
	else if (is_passing(node) && find_hex(name, &from, &to))
		node->name = sm_with_token(l, name, from, to, "<hex>");
	else
		return;
	node->is_slot = true;
}

void sm_tree_rename_once(struct sm_learn *l, struct sm_node *node,
			 struct sm_str dir)
{
	struct sm_place place = { 0 };

	if (dir.len)
		place = sm_place_of(l, dir);
	for (size_t i = 0; i < node->count; i++) {
		struct sm_node *kid = node->kids[i];

		sm_tree_rename_once(l, kid, sm_kid_path(l, dir, kid));
		rename_once(l, kid, &place);
	}
	sm_node_tidy(l, node);
}
