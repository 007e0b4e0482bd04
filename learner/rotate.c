/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Logs turn over when they are full or a day is past, which a recording may
 * never see: `app.log` becomes `app.log.1`, or one with a date; `.1` becomes
 * `.2`, and the last one goes.
 */
#include "learner/tree.h"
#include "schema/ascii.h"

static bool is_log(const struct sm_node *node)
{
	return !node->is_dir && node->is_made && node->grants &&
	       sm_str_equal(sm_extension(node->name), SM_STR(".log"));
}

static bool is_loaded(const struct sm_learn *l, struct sm_str module)
{
	for (size_t i = 0; i < l->stdlib_files.count; i++) {
		struct sm_str file = l->stdlib_files.items[i];

		if (file.len > module.len && sm_str_ends(file, module))
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
		    name.p[n] == '.' && sm_is_digit(name.p[n + 1]))
			return true;
	}
	return false;
}

static bool is_creator(const struct sm_grant *grant)
{
	return grant->access & SM_ACCESS_CREATE;
}

/* A name the log takes when it turns over. */
static struct sm_node *add_old(struct sm_learn *l, struct sm_node *parent,
			       const struct sm_node *log, struct sm_str suffix)
{
	struct sm_str name = log->is_slot ? log->name : sm_escape(l, log->name);

	return sm_node_new_slot(l, parent, sm_learn_join(l, name, suffix),
				false);
}

static void grant_turning(struct sm_learn *l, struct sm_node *parent,
			  struct sm_node *log, struct sm_str by)
{
	static const struct sm_str suffixes[] = { SM_STR(".<int>"),
						  SM_STR(".<date>") };
	const uint32_t all = SM_ACCESS_READ | SM_ACCESS_WRITE |
			     SM_ACCESS_CREATE | SM_ACCESS_DELETE;

	for (size_t i = 0; i < sizeof(suffixes) / sizeof(*suffixes); i++)
		sm_node_grant(l, add_old(l, parent, log, suffixes[i]), by, all);
	sm_node_grant(l, log, by,
		      SM_ACCESS_WRITE | SM_ACCESS_CREATE | SM_ACCESS_DELETE);
}

/*
 * A handler turns the log over when it is full, whoever logs just then: that is
 * an accident, so it is granted to all.
 */
static void let_turn(struct sm_learn *l, struct sm_node *parent,
		     struct sm_node *log, bool has_handler)
{
	bool is_created = false;

	for (struct sm_grant *g = log->grants; g; g = g->next) {
		is_created |= is_creator(g);
		if (is_creator(g) && !has_handler)
			grant_turning(l, parent, log, g->by);
	}
	if (is_created && has_handler)
		grant_turning(l, parent, log, SM_STR(""));
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
		let_turn(l, node, kid, handlers);
	}
	sm_node_tidy(l, node);
}
