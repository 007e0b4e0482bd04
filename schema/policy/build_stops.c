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
	struct sm_vector stops; /* struct sm_blob_stop; up: an index of these */
	char path[SM_STRING_MAX];
};

static enum sm_status add(struct walk *w, uint32_t node, uint32_t len,
			  uint32_t up)
{
	struct sm_blob_stop *stop = sm_build_push(&w->stops, sizeof(*stop));
	struct sm_str path = { w->path, len };

	if (!stop)
		return SM_NOMEM;
	stop->node = node;
	stop->up = up;
	stop->hash = sm_stop_hash(w->root, path);
	return sm_build_text(w->b, path, &stop->text);
}

static enum sm_status visit(struct walk *w, uint32_t node, uint32_t len,
			    uint32_t up)
{
	const struct sm_build_node n = *sm_build_node_at(w->b, node);
	bool goes_on = n.branch_count || n.below != NONE || n.tidy != NONE;
	enum sm_status status = SM_OK;
	uint32_t link;

	if (goes_on || n.rule_count)
		status = add(w, node, len, up);
	if (goes_on)
		up = (uint32_t)w->stops.count - 1;
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
		status = visit(w, l->what, len + 1 + l->text.len, up);
	}
	return status;
}

static enum sm_status visit_all(struct walk *w)
{
	static const enum sm_blob_root roots[] = {
		SM_ROOT_FILES,	 SM_ROOT_LOAD,	  SM_ROOT_UNIX,
		SM_ROOT_PROGRAM, SM_ROOT_LIBRARY, SM_ROOT_NAMED,
	};
	enum sm_status status = SM_OK;

	for (size_t i = 0; !status && i < sizeof(roots) / sizeof(roots[0]);
	     i++) {
		w->root = roots[i];
		status = visit(w, w->b->roots[w->root], 0, NONE);
	}
	return status;
}

static uint32_t free_slot(const struct sm_blob_stop *table, uint32_t size,
			  uint32_t hash)
{
	uint32_t i = hash & (size - 1);

	while (table[i].node != NONE)
		i = (i + 1) & (size - 1);
	return i;
}

static enum sm_status lay(struct walk *w, uint32_t *slots)
{
	struct sm_vector *v = &w->b->sections[SM_BLOB_STOPS];
	const struct sm_blob_stop *stops = (const void *)w->stops.p;
	struct sm_blob_stop *table;
	uint32_t size = 2, i;

	while (size < 2 * w->stops.count)
		size *= 2;
	for (i = 0; i < size; i++) {
		table = sm_build_push(v, sizeof(*table));
		if (!table)
			return SM_NOMEM;
		table->node = NONE;
	}
	table = (void *)v->p;
	for (i = 0; i < w->stops.count; i++) {
		slots[i] = free_slot(table, size, stops[i].hash);
		table[slots[i]] = stops[i];
		if (stops[i].up != NONE) /* shorter: it stands before this */
			table[slots[i]].up = slots[stops[i].up];
	}
	return SM_OK;
}

enum sm_status sm_build_stops(struct sm_build *b)
{
	struct walk w = { .b = b };
	enum sm_status status = visit_all(&w);
	uint32_t *slots = malloc((w.stops.count + 1) * sizeof(*slots));

	if (!slots)
		status = SM_NOMEM;
	if (!status && w.stops.count)
		status = lay(&w, slots);
	free(slots);
	free(w.stops.p);
	return status;
}
