/* SPDX-License-Identifier: Apache-2.0 */
/*
 * build_stops.c: the table of where literal starts of paths end (stop.h).
 */
#include <stdlib.h>

#include "schema/policy/build.h"
#include "schema/policy/stop.h"

#define NONE SM_BLOB_NONE

/* A walk through the nodes that literals lead to. */
struct walk {
	struct sm_build *b;
	enum sm_blob_root root;
	struct sm_build_starts starts;
	char path[SM_STRING_MAX];
};

/* Whether the path is one component longer than up's. */
static bool is_in(const struct walk *w, uint32_t up, uint32_t len)
{
	uint32_t at = sm_build_stop_at(w->b, up)->length + 1u;

	return at >= len || !memchr(w->path + at, '/', len - at);
}

static void add_above(struct walk *w, uint32_t up,
		      const struct sm_build_place *place,
		      struct sm_blob_stop *stop)
{
	stop->up = up;
	stop->names = place->names;
	if (up == NONE)
		return;
	stop->deeper |= sm_build_stop_at(w->b, up)->deeper;
	/* Names in up itself, `*`, say nothing of what is deeper. */
	stop->above = is_in(w, up, place->length)
			      ? sm_build_stop_at(w->b, up)->want
			      : sm_build_stop_at(w->b, up)->deeper;
	stop->want |= stop->above;
	stop->tail_want |= sm_build_stop_at(w->b, up)->tail_want;
}

/* What the table of marks is made from. */
static enum sm_status keep_path(struct walk *w, uint32_t len)
{
	struct sm_vector *paths = &w->starts.paths;
	struct sm_build_start *start =
		sm_build_push(&w->starts.starts, sizeof(*start));

	if (!start)
		return SM_NOMEM;
	*start =
		(struct sm_build_start){ w->root, (uint32_t)paths->count, len };
	/* And a NUL, so that there are some. */
	for (uint32_t i = 0; i <= len; i++) {
		char *to = sm_build_push(paths, 1);

		if (!to)
			return SM_NOMEM;
		*to = i < len ? w->path[i] : '\0';
	}
	return SM_OK;
}

static enum sm_status add(struct walk *w, uint32_t node,
			  struct sm_build_place *place, uint32_t up,
			  uint32_t *at)
{
	enum sm_status status =
		sm_build_stop(w->b, w->root, node, place->length, at);

	if (status)
		return status;
	status = sm_build_ends(w->b, *at, &place->names);
	if (status)
		return status;
	add_above(w, up, place, sm_build_stop_at(w->b, *at));
	status = keep_path(w, place->length);
	if (status)
		return status;
	return sm_build_mark(w->b, w->root, *at, w->path, place);
}

static enum sm_status visit(struct walk *w, uint32_t node, uint32_t len,
			    uint32_t up, struct sm_build_place *above)
{
	struct sm_build_place place = { above, len, NONE,
					above ? above->names : SM_ENDS_NONE };
	const struct sm_build_node n = *sm_build_node_at(w->b, node);
	bool is_start = n.branch_count || n.below != NONE || n.tidy != NONE;
	enum sm_status status = SM_OK;
	uint32_t link, at = NONE;

	if (is_start || n.rule_count)
		status = add(w, node, &place, up, &at);
	if (status)
		return status;
	if (is_start)
		up = at;
	for (link = n.edges; !status && link != NONE;
	     link = sm_build_link_at(w->b, link)->next) {
		const struct sm_build_link *l = sm_build_link_at(w->b, link);
		const char *text = w->b->sections[SM_BLOB_TEXT].p + l->text.at;

		/* No path that is looked up is as long. */
		if (l->text.len >= sizeof(w->path) - len)
			continue;
		w->path[len] = '/';
		if (l->text.len)
			memcpy(w->path + len + 1, text, l->text.len);
		status = visit(w, l->what, len + 1 + l->text.len, up, &place);
	}
	return status;
}

static enum sm_status visit_all(struct walk *w)
{
	static const enum sm_blob_root roots[] = {
		SM_ROOT_FILES,	 SM_ROOT_LOAD,	SM_ROOT_UNIX,  SM_ROOT_PROGRAM,
		SM_ROOT_LIBRARY, SM_ROOT_NAMED, SM_ROOT_START,
	};
	enum sm_status status = SM_OK;

	for (size_t i = 0; !status && i < sizeof(roots) / sizeof(roots[0]);
	     i++) {
		w->root = roots[i];
		status = visit(w, w->b->roots[w->root], 0, NONE, NULL);
	}
	return status;
}

enum sm_status sm_build_stops(struct sm_build *b)
{
	struct walk w = { .b = b,
			  .starts.starts.left = &b->left,
			  .starts.paths.left = &b->left };
	enum sm_status status = sm_build_first_ends(b);

	if (!status)
		status = visit_all(&w);
	if (!status)
		status = sm_build_slots(b, &w.starts);
	free(w.starts.starts.p);
	free(w.starts.paths.p);
	return status;
}
