/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names made from other names. Who writes anna.json by way of anna.json.tmp or
 * .anna.json.k3x_9abz will do so with each name there is: where the name such a
 * one is made from became part of a slot, it is that slot with the same around
 * it. The steps that open names by others are here, too, directory by
 * directory.
 */
#include <stdlib.h>

#include "learner/open.h"
#include "schema/places.h"

/* ------------------------------------------------------------------- bases */

/*
 * A name that does not come back as it is may be made from any part; another
 * one only from the name of a file, which it has in front, or behind a dot.
 */
static bool may_be_base(const struct sm_node *kid, const struct sm_node *base,
			uint32_t at)
{
	if (!base || base == kid || !base->is_made ||
	    sm_is_guarded_name(base->name))
		return false;
	if (kid->is_drawn)
		return true;
	return !base->is_dir && sm_extension(base->name).len && at <= 1;
}

/* What names of siblings look like once what is a value in them is a token. */
struct typed {
	struct sm_str skeleton;
	struct sm_node *node;
};

struct siblings {
	const struct sm_node *node;
	struct typed *typed; /* by skeleton */
	size_t count;
};

static int by_typed(const void *a, const void *b)
{
	const struct typed *x = a, *y = b;
	int r = sm_str_compare(x->skeleton, y->skeleton);

	return r ? r : sm_str_compare(x->node->name, y->node->name);
}

/* Drawn names lost their values to tokens: sm_node_rename(). */
static bool needs_types(const struct sm_node *node)
{
	for (size_t i = 0; i < node->count; i++)
		if (node->kids[i]->is_drawn)
			return true;
	return false;
}

static struct siblings siblings_in(struct sm_learn *l,
				   const struct sm_node *node)
{
	struct siblings s = { .node = node };
	unsigned typed;

	if (!needs_types(node))
		return s;
	s.typed = sm_learn_take(l, node->count * sizeof(*s.typed));
	for (size_t i = 0; i < node->count; i++) {
		struct sm_node *kid = node->kids[i];

		if (kid->is_slot || !kid->is_made)
			continue;
		s.typed[s.count] =
			(struct typed){ sm_skeleton(l, kid->name, &typed),
					kid };
		s.count += typed > 0;
	}
	if (s.count)
		qsort(s.typed, s.count, sizeof(*s.typed), by_typed);
	return s;
}

/* The sibling that text, a part of kid's name, is the name of; or NULL. */
static struct sm_node *find_sibling(const struct siblings *s,
				    const struct sm_node *kid,
				    struct sm_str text)
{
	size_t low = 0, high = s->count, middle;

	if (!kid->is_drawn || !sm_str_has(text, '<'))
		return sm_str_has(text, '<') || sm_str_has(text, '\\')
			       ? NULL
			       : sm_node_kid(s->node, text);
	while (low < high) {
		middle = low + (high - low) / 2;
		if (sm_str_compare(s->typed[middle].skeleton, text) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low < s->count && sm_str_equal(s->typed[low].skeleton, text)
		       ? s->typed[low].node
		       : NULL;
}

/* The longest part of kid's name, between joints, that is a sibling's. */
static void note_base(const struct siblings *siblings, struct sm_node *kid)
{
	struct sm_str name = kid->name;

	for (uint32_t at = 0; at < name.len; at++) {
		if (at && !sm_is_joint(name.p[at - 1]) && name.p[at - 1] != '>')
			continue;
		for (uint32_t to = name.len; to > at + kid->base.len; to--) {
			struct sm_str text = sm_str_part(name, at, to);
			struct sm_node *base;

			if ((to < name.len && name.p[to] != '<' &&
			     !sm_is_joint(name.p[to])) ||
			    text.len == name.len)
				continue;
			base = find_sibling(siblings, kid, text);
			if (!may_be_base(kid, base, at))
				continue;
			kid->base =
				(struct sm_base){ base, name, at, text.len };
		}
	}
}

bool sm_is_derivable(const struct sm_node *kid)
{
	struct sm_str name = kid->name;

	if (kid->is_dir || !kid->is_made || (kid->is_slot && !kid->is_drawn))
		return false;
	if (name.len && name.p[0] == '.')
		name = sm_str_part(name, 1, name.len);
	return !sm_is_guarded_name(name) &&
	       !sm_is_code_suffix(sm_extension(name));
}

void sm_node_note_bases(struct sm_learn *l, struct sm_node *node)
{
	struct siblings siblings = siblings_in(l, node);

	for (size_t i = 0; i < node->count; i++)
		if (sm_is_derivable(node->kids[i]))
			note_base(&siblings, node->kids[i]);
}

unsigned sm_count_wildcards(struct sm_str text)
{
	unsigned n = 0;

	for (uint32_t i = 0; i < text.len; i++) {
		n += text.p[i] == '<' || text.p[i] == '*';
		i += text.p[i] == '\\';
	}
	return n;
}

static struct sm_str spelled(struct sm_learn *l, const struct sm_node *node,
			     struct sm_str text)
{
	return node->is_slot ? text : sm_escape(l, text);
}

/* Two tokens with nothing between them mean any name. */
static bool touches(const struct sm_node *kid, struct sm_str slot, uint32_t end)
{
	struct sm_str name = kid->name;
	uint32_t at = kid->base.at;

	return kid->is_slot && slot.len &&
	       ((at && name.p[at - 1] == '>' && slot.p[0] == '<') ||
		(end < name.len && name.p[end] == '<' &&
		 slot.p[slot.len - 1] == '>'));
}

/* The name with the slot that its base became in place of it, or empty. */
static struct sm_str derive(struct sm_learn *l, struct sm_node *kid)
{
	const struct sm_node *base = sm_node_resolve(kid->base.node);
	uint32_t end = kid->base.at + kid->base.len;
	struct sm_str name;

	/* It became part of a slot itself, or the base did not. */
	if (kid->name.p != kid->base.text.p || !base->is_slot || base == kid ||
	    sm_node_is_tree(base) || touches(kid, base->name, end))
		return SM_STR("");
	name = spelled(l, kid, sm_str_part(kid->name, 0, kid->base.at));
	name = sm_learn_join(l, name, base->name);
	name = sm_learn_join(
		l, name,
		spelled(l, kid, sm_str_part(kid->name, end, kid->name.len)));
	return sm_count_wildcards(name) > SM_COMPONENT_WILDCARDS ? SM_STR("")
								 : name;
}

/* ----------------------------------------------------------------- derived */

static void open_derived(struct sm_learn *l, struct sm_node *node)
{
	for (size_t i = 0; i < node->count; i++) {
		struct sm_node *kid = node->kids[i];
		struct sm_str name;

		if (kid->forward)
			continue;
		name = kid->base.node ? derive(l, kid)
				      : sm_name_of_draft(l, kid);
		if (!name.len)
			continue;
		kid->name = name;
		kid->is_slot = true;
		kid->is_drawn = false;
		kid->why = SM_STR("made from a name that opened");
	}
}

/* --------------------------------------------------------------------- all */

/* What is read by name. */
static bool open_read(struct sm_learn *l, struct sm_node *node,
		      struct sm_str dir, const struct sm_place *place)
{
	bool is_written = sm_is_written(node);

	if (sm_is_served(l, node, dir, place))
		sm_open_tree(l, node, false, sm_has_assets(node),
			     SM_STR("packages read data there by name"));
	else if (sm_is_told(l, node, dir, place))
		sm_open_tree(l, node, false, false,
			     SM_STR("data is read there by names that somebody "
				    "tells"));
	else
		return false;
	if (is_written)
		sm_open_written(l, node);
	return true;
}

static void derive_below(struct sm_learn *l, const struct sm_str_list *stems,
			 struct sm_node *node, struct sm_str dir)
{
	struct sm_place place = { 0 };

	if (dir.len)
		place = sm_place_of(l, dir);
	if (sm_is_mirror(l, stems, node, dir, &place)) {
		sm_open_tree(l, node, true, false,
			     SM_STR("its directories are called what opened "
				    "elsewhere"));
		return;
	}
	if (open_read(l, node, dir, &place))
		return;
	if (sm_open_drawn(l, node))
		return;
	for (size_t i = 0; i < node->count; i++) {
		struct sm_node *kid = node->kids[i];

		derive_below(l, stems, kid, sm_kid_path(l, dir, kid));
	}
	if (place.is_closed)
		return;
	if (!place.is_shared && !place.is_code) {
		sm_open_owned(l, node, dir, &place);
		sm_open_inputs(l, stems, node, dir, &place);
		sm_open_brought(l, node);
		sm_open_known(l, stems, node);
		sm_name_owners(l, node);
	}
	if (!place.is_code) {
		sm_open_frames(l, place.is_shared ? stems : NULL, node);
		sm_open_ends(l, node, place.is_tmp);
	}
	open_derived(l, node);
	sm_node_keep_up(l, node);
	sm_node_tidy(l, node);
	sm_node_deepen(l, node, dir, &place);
}

void sm_tree_derive(struct sm_learn *l, struct sm_node *root)
{
	struct sm_str_list stems = { NULL, 0, 0 };

	for (size_t i = 0; i < l->members.count; i++)
		sm_list_add(l, &stems, sm_stem_of(l->members.items[i]));
	for (size_t i = 0; i < l->sunk.count; i++)
		sm_list_add(l, &stems, sm_stem_of(l->sunk.items[i]));
	derive_below(l, &stems, root, SM_STR("/"));
}
