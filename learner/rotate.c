/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Logs turn over when they are full or a day is past, which a recording may
 * never see: `app.log` becomes `app.log.1`, or one with a date; `.1` becomes
 * `.2`, and the last one goes.
 */
#include "learner/tree.h"

static const struct sm_str counted = SM_STR(".<int>");

static bool is_log(const struct sm_node *node)
{
	return !node->is_dir && node->is_made && node->grants &&
	       sm_str_equal(sm_extension(node->name), SM_STR(".log"));
}

static bool is_loaded(const struct sm_learn *l, struct sm_str module)
{
	for (size_t i = 0; i < l->stdlib_files.count; i++) {
		struct sm_str file = l->stdlib_files.items[i];

		if (file.len > module.len &&
		    !memcmp(file.p + file.len - module.len, module.p,
			    module.len))
			return true;
	}
	return false;
}

/* `F.1` beside F says that F is turned over by other means, too. */
static bool has_turned(const struct sm_node *node, const struct sm_node *log)
{
	for (size_t i = 0; i < node->count; i++) {
		struct sm_str name = node->kids[i]->name;
		uint32_t n = log->name.len;

		if (name.len > n + 1 && sm_str_starts(name, log->name) &&
		    name.p[n] == '.' && name.p[n + 1] >= '0' &&
		    name.p[n + 1] <= '9')
			return true;
	}
	return false;
}

static void add_old(struct sm_learn *l, struct sm_node *parent,
		    struct sm_node *log, struct sm_str suffix)
{
	struct sm_node *old = sm_node_new_slot(
		l, parent,
		sm_learn_join(
			l, log->is_slot ? log->name : sm_escape(l, log->name),
			suffix),
		false);

	for (struct sm_grant *g = log->grants; g; g = g->next)
		if (g->access & SM_ACCESS_CREATE)
			sm_node_grant(l, old, g->by,
				      SM_ACCESS_READ | SM_ACCESS_WRITE |
					      SM_ACCESS_CREATE |
					      SM_ACCESS_DELETE);
	for (struct sm_grant *g = log->grants; g; g = g->next)
		if (g->access & SM_ACCESS_CREATE)
			g->access |= SM_ACCESS_DELETE;
}

void sm_tree_rotate(struct sm_learn *l, struct sm_node *node)
{
	bool handlers = is_loaded(l, SM_STR("/logging/handlers.py"));
	size_t count = node->count;

	for (size_t i = 0; i < count; i++) {
		struct sm_node *kid = node->kids[i];

		sm_tree_rotate(l, kid);
		if (!is_log(kid) || (!handlers && !has_turned(node, kid)))
			continue;
		add_old(l, node, kid, counted);
		add_old(l, node, kid, SM_STR(".<date>"));
	}
	sm_node_tidy(l, node);
}
