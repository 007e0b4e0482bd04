/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files that a library makes where no event tells. The stores of dbm, and so of
 * shelve, are opened in C: all that is seen is how the module looks which
 * library a store is of, NAME.pag first, then others (CPython: dbm.whichdb()).
 * They are the program's, as any file it writes, and one is called as the
 * other.
 */
#include "learner/paths.h"

static bool was_only_read(const struct sm_node *file)
{
	uint32_t access = sm_node_access(file);

	return !file->is_dir && !file->is_made && access &&
	       !(access & SM_TOLD_CHANGES);
}

/* The directories above, too, as for what was seen to be made. */
static void note_made(struct sm_node *file)
{
	for (; file; file = file->parent)
		file->is_made = true;
}

static void note_store(struct sm_learn *l, const struct sm_node *dir,
		       struct sm_str name)
{
	static const char *const ends[] = { ".pag", ".dir", ".db", ".dat", "" };
	const size_t count = sizeof(ends) / sizeof(*ends);
	struct sm_node *files[sizeof(ends) / sizeof(*ends)];
	size_t n = 0;

	for (size_t i = 0; i < count; i++) {
		struct sm_node *kid = sm_node_kid(
			dir, sm_learn_join(l, name, sm_str_of(ends[i])));

		if (kid && was_only_read(kid))
			files[n++] = kid;
	}
	/* A single one is called so by chance. */
	for (size_t i = 0; n > 1 && i < n; i++) {
		note_made(files[i]);
		if (sm_str_equal(files[n - 1]->name, name) && i + 1 < n)
			files[i]->base =
				(struct sm_base){ files[n - 1], files[i]->name,
						  0, name.len };
	}
}

void sm_note_stores(struct sm_learn *l, struct sm_node *node)
{
	const struct sm_str first = SM_STR(".pag");

	for (size_t i = 0; i < node->count; i++) {
		struct sm_node *kid = node->kids[i];

		if (sm_str_equal(sm_extension(kid->name), first) &&
		    kid->name.len > first.len && was_only_read(kid))
			note_store(
				l, node,
				(struct sm_str){ kid->name.p,
						 kid->name.len - first.len });
		sm_note_stores(l, kid);
	}
}
