/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Temporary files: what they are for tells which extension they get, and what
 * an export or an answer is asked for is another one the next time. Their names
 * were drawn, so that no file of anybody else is among what the rule means.
 * Where others keep theirs, or what is made stays, there have to be two.
 */
#include "learner/open.h"

/* Drawn, made and removed again. */
static bool is_passing(const struct sm_node *kid)
{
	const uint32_t passes = SM_ACCESS_CREATE | SM_ACCESS_DELETE;

	for (const struct sm_grant *g = kid->grants; g; g = g->next)
		if ((g->access & passes) == passes)
			return kid->is_slot && kid->is_drawn && !kid->is_dir;
	return false;
}

/* What stands behind the last token from a dot on. */
static struct sm_str end_of(struct sm_str name)
{
	uint32_t at = name.len;

	while (at && name.p[at - 1] != '>')
		at--;
	if (!at || at == name.len || name.p[at] != '.')
		return SM_STR("");
	return (struct sm_str){ name.p + at, name.len - at };
}

static bool has_free_end(struct sm_str name)
{
	const struct sm_str any = SM_STR(".<name>");

	return name.len > any.len && sm_str_ends(name, any);
}

/* Temporary, of data: what stands before the extension; or empty. */
static struct sm_str start_of(const struct sm_node *kid)
{
	struct sm_str end = end_of(kid->name);

	if (!is_passing(kid) || has_free_end(kid->name) ||
	    !sm_is_data_suffix(sm_extension(kid->name)) || !end.len)
		return SM_STR("");
	return (struct sm_str){ kid->name.p, kid->name.len - end.len };
}

/* Others are called as kid but for the extension. */
static bool has_others(const struct sm_node *node, const struct sm_node *kid)
{
	for (size_t i = 0; i < node->count; i++)
		if (node->kids[i] != kid &&
		    sm_str_equal(start_of(node->kids[i]), start_of(kid)))
			return true;
	return false;
}

void sm_open_ends(struct sm_learn *l, struct sm_node *node, bool is_tmp)
{
	bool *open = sm_learn_take(l, (node->count + 1) * sizeof(*open));

	for (size_t i = 0; i < node->count; i++)
		open[i] = start_of(node->kids[i]).len &&
			  (is_tmp || (l->options.level != SM_LEVEL_TIGHT &&
				      has_others(node, node->kids[i])));
	for (size_t i = 0; i < node->count; i++) {
		struct sm_node *kid = node->kids[i];

		if (!open[i])
			continue;
		kid->name = sm_learn_join(l, start_of(kid), SM_STR(".<name>"));
		kid->why = SM_STR("temporary, whatever its extension");
	}
}
