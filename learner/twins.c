/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A directory that a command line names in place of another: what the program
 * makes in the one, the same functions make in the other. So it reads back
 * there, too, what it made, though so far it did so only where it makes things
 * unasked. Where rules of ${ARG} let it make things wherever it is told, it
 * does so there. Nothing is granted but to look at what may be made there
 * already, and to set its mode and times.
 */
#include "learner/open.h"

#define LOOKS (SM_ACCESS_READ | SM_ACCESS_LIST | SM_ACCESS_META)

/* "app:save" and the file of that function: another script has a main, too. */
static struct sm_str spell_maker(struct sm_learn *l, const struct sm_event *e)
{
	char room[SM_PRINCIPAL_MAX];
	struct sm_str name =
		sm_principal_spell(&e->site.principal, room, sizeof(room));

	name = sm_learn_join(l, sm_learn_copy(l, name), SM_STR("\n"));
	return sm_learn_join(l, name, e->site.principal.file);
}

/* Who makes something below dir; false: of one it is not known which function
 * of the application it was. */
static bool find_makers(struct sm_learn *l, const struct sm_facts *creations,
			struct sm_str dir, struct sm_str_list *makers)
{
	bool is_known = true;

	*makers = (struct sm_str_list){ NULL, 0, 0 };
	for (size_t i = 0; i < creations->count; i++) {
		const struct sm_event *e = &creations->items[i].view->event;

		if (!sm_path_is_under(creations->items[i].request->value, dir))
			continue;
		is_known &= e->site.principal.function.len > 0;
		sm_list_add(l, makers, spell_maker(l, e));
	}
	return is_known;
}

/* Who makes things in dir makes things in the usual place. */
static bool share_makers(struct sm_learn *l, const struct sm_facts *creations,
			 struct sm_str dir, struct sm_str usual)
{
	struct sm_str_list here, there;

	if (!find_makers(l, creations, dir, &here))
		return false;
	find_makers(l, creations, usual, &there);
	for (size_t i = 0; i < here.count; i++)
		if (!sm_list_has(&there, here.items[i]))
			return false;
	return here.count;
}

static void let_look_where_told(struct sm_learn *l, struct sm_str pattern,
				struct sm_str by, uint32_t access)
{
	const struct sm_rule rule = { .family = SM_FAMILY_FILES,
				      .access = access,
				      .pattern = pattern,
				      .by = { &by, 1 } };

	l->why = SM_STR("what is made where a command line says is looked at "
			"as where it is made unasked");
	if (by.len && access)
		sm_learn_rule(l, &rule);
	l->why = SM_STR("");
}

/* Whoever makes a thing looks at it as he does in the usual place. told: the
 * same as a rule of ${ARG} would say it; empty: it says nothing. */
static void let_look(struct sm_learn *l, struct sm_node *node,
		     const struct sm_node *usual, struct sm_str told)
{
	if (node->name.p[0] == '.')
		told = SM_STR("");
	for (struct sm_grant *g = node->grants; g; g = g->next) {
		uint32_t looks = sm_node_access_by(usual, g->by) & LOOKS;

		if (!(g->access & SM_ACCESS_CREATE))
			continue;
		g->access |= looks;
		if (told.len)
			let_look_where_told(l, told, g->by, looks);
	}
	if (told.len)
		told = SM_STR("${ARG}/<tree>");
	for (size_t i = 0; i < node->count; i++)
		let_look(l, node->kids[i],
			 sm_node_covering(usual, node->kids[i]), told);
}

static bool is_made_dir(const struct sm_node *node)
{
	return node->is_dir && !node->is_slot && node->is_made;
}

static void find_usual(struct sm_learn *l, const struct sm_facts *creations,
		       struct sm_node *node, struct sm_str dir)
{
	const struct sm_node *parent = node->parent;
	struct sm_str path = sm_path_below(l, dir, node->name);
	bool is_told = sm_list_has(&l->told, path);

	for (size_t i = 0; i < parent->count; i++) {
		const struct sm_node *usual = parent->kids[i];

		if (usual != node && is_made_dir(usual) &&
		    sm_node_covers(usual, node) &&
		    !sm_node_covers(node, usual) &&
		    share_makers(l, creations, path,
				 sm_path_below(l, dir, usual->name)))
			let_look(l, node, usual,
				 is_told ? SM_STR("${ARG}") : SM_STR(""));
	}
}

static void twin(struct sm_learn *l, const struct sm_facts *creations,
		 struct sm_node *node, struct sm_str dir)
{
	for (size_t i = 0; dir.len && i < node->count; i++) {
		struct sm_node *kid = node->kids[i];

		twin(l, creations, kid, sm_kid_path(l, dir, kid));
		if (kid->is_given && is_made_dir(kid))
			find_usual(l, creations, kid, dir);
	}
}

void sm_tree_twin(struct sm_learn *l, struct sm_node *root)
{
	const struct sm_facts creations =
		sm_learn_facts(l, SM_FAMILY_FILES, SM_ACCESS_CREATE);

	if (l->options.level != SM_LEVEL_TIGHT && l->given.count)
		twin(l, &creations, root, SM_STR("/"));
}
