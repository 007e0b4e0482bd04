/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files of a directory become slots: those with one extension, or all.
 */
#include <stdlib.h>

#include "learner/open.h"

static bool may_open_file(struct sm_learn *l, const struct sm_node *parent,
			  struct sm_str dir, const struct sm_member *m)
{
	const struct sm_node *node = m->node;

	if (node->is_slot || node->forward || node->is_dir ||
	    sm_is_guarded_name(node->name) || sm_is_structure(parent, m))
		return false;
	return !dir.len ||
	       !sm_list_has(&l->code_files, sm_path_below(l, dir, node->name));
}

static struct sm_members files_of(struct sm_learn *l, struct sm_node *node,
				  struct sm_str dir)
{
	struct sm_members m = {
		sm_learn_take(l, (node->count + 1) * sizeof(*m.items)), 0
	};

	for (size_t i = 0; i < node->count; i++) {
		struct sm_member *new = &m.items[m.count];

		memset(new, 0, sizeof(*new));
		new->node = node->kids[i];
		new->extension = sm_extension(new->node->name);
		new->skeleton = sm_skeleton(l, new->node->name, &new->typed);
		m.count += may_open_file(l, node, dir, new);
	}
	if (m.count)
		qsort(m.items, m.count, sizeof(*m.items), sm_by_skeleton);
	return m;
}

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

static void open_typed_files(struct sm_learn *l, struct sm_node *node,
			     struct sm_member *members, size_t count,
			     const struct sm_place *place)
{
	size_t end;

	for (size_t i = 0; i < count; i = end) {
		struct sm_member *first = &members[i];
		struct sm_evidence e;

		for (end = i + 1;
		     end < count &&
		     sm_str_equal(members[end].skeleton, first->skeleton);)
			end++;
		e = sm_members_weigh(l, node, first, end - i);
		if (first->typed && sm_is_open(l, &e) &&
		    (!place->is_shared || sm_has_fixed_start(first->skeleton)))
			sm_members_open(l, first, end - i, first->skeleton);
	}
}

static bool is_separator(char c)
{
	return c == '-' || c == '_' || c == '.' || c == ' ' || c == '+';
}

/* What all names start with, up to a separator; empty if less than two bytes
   or if it is all of one of them. */
static struct sm_str common_start(const struct sm_member *members, size_t count)
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
	while (n && !is_separator(start.p[n - 1]))
		n--;
	for (size_t i = 0; i < count; i++)
		if (members[i].node->name.len <= n + members[i].extension.len ||
		    members[i].node->name.p[n] == '.')
			n = 0;
	return (struct sm_str){ start.p, n < 2 ? 0 : n };
}

/* start + <name> + extension: the free names of one extension. */
static void open_free_files(struct sm_learn *l, struct sm_node *node,
			    struct sm_member *members, size_t count,
			    const struct sm_place *place)
{
	struct sm_evidence e;
	struct sm_str name, start;
	size_t left = 0;

	if (place->is_shared)
		return;
	for (size_t i = 0; i < count; i++)
		if (!members[i].node->forward && !members[i].node->is_slot) {
			struct sm_member taken = members[i];

			members[i] = members[left];
			members[left++] = taken;
		}
	e = sm_members_weigh(l, node, members, left);
	e.is_typed = false;
	if (!left || !sm_is_open(l, &e))
		return;
	start = common_start(members, left);
	name = sm_learn_join(l, sm_escape(l, start), SM_STR("<name>"));
	name = sm_learn_join(l, name, sm_escape(l, members[0].extension));
	/* Without a start of its own it covers the typed slots as well. */
	if (!start.len)
		for (size_t i = left; i < count; i++)
			members[i].node->is_slot = false;
	sm_members_open(l, members, start.len ? left : count, name);
}

/*
 * All names hold numbers, and not the same text around them: a person wrote
 * them, or will.
 */
static bool is_varied(const struct sm_member *members, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!members[i].typed || !members[i].node->is_made)
			return false;
	return sm_count_skeletons(members, count) > 1;
}

static void open_by_extension(struct sm_learn *l, struct sm_node *node,
			      struct sm_str dir, const struct sm_place *place)
{
	struct sm_members m = files_of(l, node, dir);
	size_t end;

	for (size_t i = 0; i < m.count; i = end) {
		struct sm_member *first = &m.items[i];
		bool is_made = first->node->is_made;

		for (end = i + 1;
		     end < m.count &&
		     sm_str_equal(m.items[end].extension, first->extension);
		     end++)
			is_made |= m.items[end].node->is_made;
		if (!may_open_extension(place, first->extension, is_made))
			continue;
		if (is_varied(first, end - i) && !place->is_code)
			open_free_files(l, node, first, end - i, place);
		if (!first->node->is_slot)
			open_typed_files(l, node, first, end - i, place);
		open_free_files(l, node, first, end - i, place);
	}
	sm_node_tidy(l, node);
}

/* `<int>.<name>` for 17.png and 18.jpg, or empty. */
static struct sm_str any_extension(struct sm_learn *l,
				   const struct sm_members *m)
{
	struct sm_str first = { "", 0 };

	for (size_t i = 0; i < m->count; i++) {
		const struct sm_node *node = m->items[i].node;
		struct sm_str text = node->name;
		unsigned typed = 1;

		if (!node->is_slot)
			text = sm_skeleton(l, node->name, &typed);
		text.len -= m->items[i].extension.len;
		if (!typed || (i && !sm_str_equal(text, first)))
			return (struct sm_str){ "", 0 };
		first = text;
	}
	return sm_learn_join(l, first, SM_STR(".<name>"));
}

/*
 * A directory the program fills with files of many kinds (uploads): two
 * extensions, one of which opened for any name, or three and four files where
 * one opened for numbers.
 */
static void open_any_file(struct sm_learn *l, struct sm_node *node,
			  struct sm_str dir, const struct sm_place *place)
{
	struct sm_members m = {
		sm_learn_take(l, (node->count + 1) * sizeof(*m.items)), 0
	};
	size_t extensions = 0, files = 0, slots = 0, free = 0;
	struct sm_str last = { "", 0 }, name = { "", 0 };

	if (place->is_code || place->is_shared || place->is_hidden)
		return;
	for (size_t i = 0; i < node->count; i++) {
		struct sm_member *new = &m.items[m.count];

		memset(new, 0, sizeof(*new));
		new->node = node->kids[i];
		new->extension = sm_extension(new->node->name);
		if (new->node->is_dir || !new->node->is_made ||
		    !new->extension.len || sm_is_code_suffix(new->extension))
			continue;
		if (new->node->is_slot) {
			slots++;
			free += sm_str_starts(new->node->name,
					      SM_STR("<name>"));
		} else if (!may_open_file(l, node, dir, new)) {
			continue;
		}
		files += new->node->sources;
		m.count++;
	}
	if (m.count)
		qsort(m.items, m.count, sizeof(*m.items), sm_by_skeleton);
	for (size_t i = 0; i < m.count; i++) {
		extensions += !i || !sm_str_equal(m.items[i].extension, last);
		last = m.items[i].extension;
	}
	if (!slots || files < 3 || extensions < 2)
		return;
	if (!free)
		name = any_extension(l, &m);
	if (!name.len && !free && (extensions < 3 || files < 4))
		return;
	for (size_t i = 0; i < m.count; i++)
		m.items[i].node->is_slot = false;
	sm_members_open(l, m.items, m.count,
			name.len ? name : SM_STR("<name>"));
	sm_node_tidy(l, node);
}

void sm_open_files(struct sm_learn *l, struct sm_node *node, struct sm_str dir,
		   const struct sm_place *place)
{
	open_by_extension(l, node, dir, place);
	open_any_file(l, node, dir, place);
}
