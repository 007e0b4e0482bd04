/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who owns a directory in one place may own one in another.
 *
 * Of three people who have notes/<name> one has sent a picture so far, so that
 * there is thumbs/anna, and anna-2026.csv among what was exported. Both come
 * back every day and have nobody beside them, as what the program spells has;
 * but they are called after somebody, and the next one is called otherwise.
 */
#include "learner/open.h"

/* A shorter name is found in words by chance. */
#define OWNER_MIN 3

static bool is_owner(const struct sm_learn *l, struct sm_str name)
{
	return name.len >= OWNER_MIN && sm_list_has(&l->owners, name);
}

/* ------------------------------------------------------------- directories */

/* It is made for its owner, and filled. */
static bool is_owned(const struct sm_learn *l, const struct sm_node *node)
{
	return !node->forward && is_owner(l, node->name) && node->count &&
	       sm_node_access(node) & SM_ACCESS_CREATE;
}

/* The directories in node that are owners', or 0: there are others. */
static size_t find_owned(const struct sm_learn *l, const struct sm_node *node,
			 struct sm_node **owned)
{
	size_t count = 0;

	for (size_t i = 0; i < node->count; i++) {
		struct sm_node *kid = node->kids[i];

		if (!kid->is_dir)
			continue;
		if (kid->is_slot || !is_owned(l, kid))
			return 0;
		owned[count++] = kid;
	}
	return count;
}

void sm_open_owned(struct sm_learn *l, struct sm_node *node, struct sm_str dir,
		   const struct sm_place *place)
{
	struct sm_str why = SM_STR("directories of who has another elsewhere");
	struct sm_node **owned;
	size_t count;

	if (!node->is_made || !sm_may_open_whole(l, dir, place))
		return;
	owned = sm_learn_take(l, (node->count + 1) * sizeof(*owned));
	count = find_owned(l, node, owned);
	if (!count)
		return;
	node = sm_members_join(l, owned, count, SM_STR("<name>"));
	node->why = why;
	sm_open_tree(l, node, true, true, why);
}

/* ------------------------------------------------------------------- names */

/* The owner's name that kid's has in front of a joint, or behind one and in
 * front of the extension; *at: where. Its length, or 0. */
static uint32_t find_owner(const struct sm_learn *l, struct sm_str name,
			   uint32_t *at)
{
	uint32_t end = name.len - sm_extension(name).len;
	struct sm_str text;

	for (uint32_t i = OWNER_MIN; i + 1 < end; i++) {
		text = (struct sm_str){ name.p, i };
		*at = 0;
		if (sm_is_joint(name.p[i]) && is_owner(l, text))
			return i;
		*at = end - i;
		text = (struct sm_str){ name.p + *at, i };
		if (sm_is_joint(name.p[*at - 1]) && is_owner(l, text))
			return i;
	}
	return 0;
}

/* Something in it is anybody's choice already. */
static bool has_name(const struct sm_node *kid)
{
	static const char token[] = "<name>";

	return kid->is_slot &&
	       memmem(kid->name.p, kid->name.len, token, sizeof(token) - 1);
}

/* Numbers beside it are of what the owner has. Empty: there are too many. */
static struct sm_str with_slot(struct sm_learn *l, const struct sm_node *kid,
			       uint32_t at, uint32_t len)
{
	struct sm_str front = { kid->name.p, at };
	struct sm_str back = { kid->name.p + at + len,
			       kid->name.len - at - len };
	unsigned typed;

	if (!kid->is_slot) {
		front = sm_skeleton(l, front, &typed);
		back = sm_skeleton(l, back, &typed);
	}
	front = sm_learn_join(l, front, SM_STR("<name>"));
	front = sm_learn_join(l, front, back);
	return sm_count_wildcards(front) > SM_COMPONENT_WILDCARDS ? SM_STR("")
								  : front;
}

void sm_name_owners(struct sm_learn *l, struct sm_node *node)
{
	for (size_t i = 0; i < node->count; i++) {
		struct sm_node *kid = node->kids[i];
		struct sm_str extension = sm_extension(kid->name);
		struct sm_str name;
		uint32_t at, len;

		if (kid->is_dir || kid->forward || !kid->is_made ||
		    has_name(kid) || !extension.len ||
		    sm_is_guarded_name(kid->name) ||
		    sm_is_code_suffix(extension))
			continue;
		len = find_owner(l, kid->name, &at);
		name = len ? with_slot(l, kid, at, len) : SM_STR("");
		if (!name.len)
			continue;
		kid->name = name;
		kid->is_slot = true;
		kid->why = SM_STR("called after who has a directory elsewhere");
	}
}
