/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is renamed where it lies, to a name made of the one it had: blog to
 * blog.old, latest-blog.tmp to latest-blog. Whatever it is, the two go together
 * with the next name, too: as one opened, the other does.
 */
#include "learner/open.h"
#include "schema/places.h"

/* NAME of a and NAME.more of b. */
static bool is_start_of(const struct sm_node *a, const struct sm_node *b)
{
	return a->name.len && b->name.len > a->name.len &&
	       sm_str_starts(b->name, a->name) &&
	       sm_is_joint(b->name.p[a->name.len]);
}

void sm_node_note_renamed(struct sm_node *one, struct sm_node *other)
{
	struct sm_node *name = is_start_of(one, other) ? one : other;
	struct sm_node *draft = name == one ? other : one;

	if (one->parent != other->parent || !is_start_of(name, draft) ||
	    name->name.p[0] == '.' || sm_is_guarded_name(name->name) ||
	    sm_is_guarded_name(draft->name) ||
	    sm_is_code_suffix(sm_extension(name->name)))
		return;
	name->draft = draft;
	if (!draft->base.node)
		draft->base = (struct sm_base){ name, draft->name, 0,
						name->name.len };
}

struct sm_str sm_name_of_draft(struct sm_learn *l, const struct sm_node *node)
{
	const struct sm_node *draft = node->draft, *slot;
	struct sm_str more, text;

	if (!draft || node->is_slot)
		return SM_STR("");
	slot = sm_node_resolve(node->draft);
	more = draft->base.text;
	if (!slot->is_slot || slot == node || slot->is_drawn ||
	    sm_node_is_tree(slot) || more.len <= node->name.len)
		return SM_STR("");
	more.p += node->name.len;
	more.len -= node->name.len;
	more = sm_escape(l, more);
	text = slot->name;
	if (text.len <= more.len || !sm_str_ends(text, more))
		return SM_STR("");
	text.len -= more.len;
	return sm_count_wildcards(text) ? text : SM_STR("");
}
