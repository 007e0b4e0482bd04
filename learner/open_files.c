/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files of one extension: they stay, become a slot for each type of name, or
 * one for all names.
 */
#include <stdlib.h>

#include "learner/file_forms.h"
#include "schema/ascii.h"

/* Whether files with this extension may open at all in this place. */
static bool may_open_extension(const struct sm_place *place,
			       struct sm_str extension, bool is_made)
{
	bool is_code = sm_is_code_suffix(extension);

	if (place->is_code)
		return is_made && extension.len && !is_code;
	if (is_code)
		return !place->is_app && !place->is_hidden && !place->is_shared;
	if (is_made)
		return true;
	return sm_is_data_suffix(extension) && !place->is_hidden &&
	       !place->is_shared;
}

static bool is_separator(char c)
{
	return c == '-' || c == '_' || c == '.' || c == ' ' || c == '+';
}

/* Digits, and what stands between them. */
static bool is_of_numbers(struct sm_str s)
{
	for (uint32_t i = 0; i < s.len; i++)
		if (!is_separator(s.p[i]) && !sm_is_digit(s.p[i]))
			return false;
	return true;
}

/* Start as far as a year in it that the recording is of: the next has another.
 */
static uint32_t before_year(const struct sm_learn *l, struct sm_str start)
{
	for (uint32_t from = 0, to = 0; to < start.len; to++) {
		struct sm_str part = sm_str_part(start, from, to);

		if (!is_separator(start.p[to]))
			continue;
		if (sm_is_clock_dir(l, &part, 1))
			return from;
		from = to + 1;
	}
	return start.len;
}

/* What all names start with, up to a separator and in front of a date that it
   would divide, or a year; empty if less than two bytes or if it is all of one
   of them, or numbers: those of another year differ. */
static struct sm_str common_start(const struct sm_learn *l,
				  const struct sm_member *members, size_t count)
{
	struct sm_str start = members[0].node->name;
	uint32_t n = start.len;

	for (size_t i = 1; i < count; i++) {
		struct sm_str name = members[i].node->name;
		uint32_t k = 0;

		while (k < n && k < name.len && name.p[k] == start.p[k])
			k++;
		n = k;
	}
	for (size_t i = 0; i < count; i++)
		n = sm_typed_start(members[i].node->name, n);
	while (n && !is_separator(start.p[n - 1]))
		n--;
	for (size_t i = 0; i < count; i++)
		if (members[i].node->name.len <= n + members[i].extension.len ||
		    members[i].node->name.p[n] == '.')
			n = 0;
	start.len = n;
	start.len = before_year(l, start);
	if (start.len < 2 || is_of_numbers(start))
		start.len = 0;
	return start;
}

/*
 * All names hold numbers, and not the same text around them, or were given, or
 * there are blanks in some beside them, which no program puts there: a person
 * wrote them, or will.
 */
static bool is_varied(const struct sm_member *members, size_t count,
		      bool has_blanks)
{
	size_t given = 0;

	for (size_t i = 0; i < count; i++) {
		if (!members[i].typed)
			return false;
		given += members[i].node->is_given;
	}
	if (given == count)
		return true;
	for (size_t i = 0; i < count; i++)
		if (!members[i].node->is_made)
			return false;
	return has_blanks || sm_count_skeletons(members, count) > 1;
}

/*
 * The program lists the directory and has made none of the files, though it may
 * remove them; or it has moved all of them from such a directory. Numbers in
 * their names so far promise nothing.
 */
static bool are_found(const struct sm_kind *k)
{
	size_t brought = 0;

	for (size_t i = 0; i < k->count; i++) {
		if (!sm_is_found(k->members[i].node))
			return false;
		brought += k->members[i].node->is_brought;
	}
	return brought == k->count || sm_node_is_listed(k->node);
}

/* Rules, exposure and what may be blocked; the first open ones have slots. */
static double cost_of(const struct sm_learn *l, const struct sm_kind *k,
		      const struct sm_file_form *form, size_t open)
{
	const struct sm_reach *reach = &k->scope->reach;
	struct sm_novelty novelty = { .windows = 0 };
	double cost = 0;

	for (size_t i = 0; i < form->count; i++)
		cost += sm_opening_cost(reach, &form->openings[i]);
	for (size_t i = 0; i < k->count; i++) {
		sm_novelty_add(&novelty, k->members[i].node,
			       i >= open || (form->has_types && k->is_found));
		if (i >= open)
			cost += sm_literal_cost(reach, k->members[i].node);
	}
	/* Other types of names may come, where several did. */
	novelty.is_closed |= form->has_types && k->is_varied;
	return cost +
	       sm_block_cost(l, (double)k->count / (double)k->all *
					sm_novelty_unseen(&novelty,
							  k->node->sources));
}

/* What all names share stays in front: report-<name>.pdf. */
static struct sm_str free_slot(struct sm_learn *l,
			       const struct sm_member *members, size_t count,
			       bool *has_start)
{
	struct sm_str start = common_start(l, members, count), name;

	*has_start = start.len;
	name = sm_learn_join(l, sm_escape(l, start), SM_STR("<name>"));
	return sm_learn_join(l, name, sm_escape(l, members[0].extension));
}

static bool may_open_free(const struct sm_learn *l, const struct sm_kind *k,
			  const struct sm_member *members, size_t count)
{
	struct sm_evidence e;

	if (k->scope->place.is_shared || !count)
		return false;
	e = sm_members_weigh(l, k->node, members, count);
	e.is_typed = false;
	return sm_is_open(l, &e);
}

static bool may_open_typed(const struct sm_learn *l, const struct sm_kind *k,
			   const struct sm_member *members, size_t count)
{
	struct sm_evidence e = sm_members_weigh(l, k->node, members, count);

	return members[0].typed && sm_is_open(l, &e) &&
	       (!k->scope->place.is_shared ||
		sm_has_fixed_start(members[0].skeleton));
}

/* Brings the names that may open by their type to the front. */
static void find_types(struct sm_learn *l, struct sm_kind *k)
{
	struct sm_member *m = sm_learn_take(l, k->count * sizeof(*m));
	struct sm_member *left = sm_learn_take(l, k->count * sizeof(*left));
	size_t rest = 0, end;

	k->types = sm_learn_take(l, k->count * sizeof(*k->types));
	for (size_t i = 0; i < k->count; i = end) {
		struct sm_member *first = &k->members[i];

		for (end = i + 1;
		     end < k->count &&
		     sm_str_equal(k->members[end].skeleton, first->skeleton);)
			end++;
		if (!may_open_typed(l, k, first, end - i)) {
			memcpy(left + rest, first, (end - i) * sizeof(*left));
			rest += end - i;
			continue;
		}
		memcpy(m + k->typed, first, (end - i) * sizeof(*m));
		k->types[k->type_count++] =
			(struct sm_opening){ m + k->typed, end - i,
					     first->skeleton };
		k->typed += end - i;
	}
	memcpy(m + k->typed, left, rest * sizeof(*m));
	k->members = m;
}

/* A slot for each type of name; then one for the others, unless open ends. */
static void add_types(struct sm_learn *l, struct sm_kind *k, size_t open,
		      struct sm_str slot)
{
	struct sm_file_form *form =
		sm_file_form(l, k->cut, k->type_count + 1, 0);

	for (size_t i = 0; i < k->type_count; i++)
		form->openings[form->count++] = k->types[i];
	if (open > k->typed)
		sm_file_form_open(form, k->members + k->typed, open - k->typed,
				  slot);
	form->has_types = open == k->typed;
	form->form.cost = cost_of(l, k, form, open);
}

/* One slot for all names. */
static void add_free(struct sm_learn *l, struct sm_kind *k, struct sm_str slot)
{
	struct sm_file_form *form = sm_file_form(l, k->cut, 1, 0);

	sm_file_form_open(form, k->members, k->count, slot);
	form->form.cost = cost_of(l, k, form, k->count);
}

static void add_open_forms(struct sm_learn *l, struct sm_kind *k)
{
	struct sm_member *left;
	struct sm_str slot;
	bool has_start;

	k->is_varied = is_varied(k->members, k->count, k->has_blanks);
	k->is_found = are_found(k);
	find_types(l, k);
	left = k->members + k->typed;
	if (k->type_count)
		add_types(l, k, k->typed, SM_STR(""));
	if (may_open_free(l, k, left, k->count - k->typed)) {
		slot = free_slot(l, left, k->count - k->typed, &has_start);
		if (has_start)
			add_types(l, k, k->count, slot);
		else
			add_free(l, k, slot);
	}
	if (k->typed && !k->scope->place.is_code &&
	    may_open_free(l, k, k->members, k->count))
		add_free(l, k, free_slot(l, k->members, k->count, &has_start));
}

void sm_cut_extension(struct sm_learn *l, struct sm_kind *k)
{
	struct sm_file_form *literal;
	bool is_made = false;

	k->cut = sm_learn_take(l, sizeof(*k->cut));
	literal = sm_file_form(l, k->cut, 0, 0);
	literal->form.cost = cost_of(l, k, literal, 0);
	for (size_t i = 0; i < k->count; i++)
		is_made |= k->members[i].node->is_made;
	if (may_open_extension(&k->scope->place, k->members[0].extension,
			       is_made))
		add_open_forms(l, k);
}
