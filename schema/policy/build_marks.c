/* SPDX-License-Identifier: Apache-2.0 */
/*
 * build_marks.c: what is asked first of a stop (stop.h).
 */
#include "schema/policy/build.h"
#include "schema/policy/stop.h"

/* --------------------------------------------------------------------- ends */

/* What a way for the last component accepts. */
static void add_names(const char *text, const struct sm_blob_way *way,
		      struct sm_blob_ends *ends)
{
	const char *end = text + way->start + way->end;
	bool is_literal = way->shape == SM_SHAPE_LITERAL;
	bool has_first = way->start;
	bool has_last = is_literal ? has_first : way->end;
	bool has_before = is_literal ? has_first : way->end > 1;
	uint32_t last = has_last ? UINT32_C(1) << (end[-1] & 31) : UINT32_MAX;
	char before = '/';

	if (has_before && end - text > 1)
		before = end[-2];
	for (uint32_t i = 0; i < SM_ENDS; i++) {
		if (!has_before || i == before % SM_ENDS)
			ends->lasts[i] |= last;
		if (!has_first || i == *text % SM_ENDS)
			ends->firsts[i] |= last;
	}
}

/* Another element, like the one of that number. */
static struct sm_blob_ends *new_ends(struct sm_build *b, uint32_t number)
{
	struct sm_vector *v = &b->sections[SM_BLOB_ENDS];
	struct sm_blob_ends *ends = sm_build_push(v, sizeof(*ends));

	if (ends)
		*ends = ((struct sm_blob_ends *)(void *)v->p)[number];
	return ends;
}

/* Those that every policy has. */
enum sm_status sm_build_first_ends(struct sm_build *b)
{
	struct sm_blob_ends *any;

	if (!sm_build_push(&b->sections[SM_BLOB_ENDS], sizeof(*any)))
		return SM_NOMEM;
	any = new_ends(b, SM_ENDS_NONE);
	if (!any)
		return SM_NOMEM;
	memset(any, 0xff, sizeof(*any));
	return SM_OK;
}

enum sm_status sm_build_ends(struct sm_build *b, uint32_t stop, uint32_t *names)
{
	const struct sm_blob_stop *at = sm_build_stop_at(b, stop);
	const struct sm_blob_way *tail = sm_stop_ways(at) + at->ways;
	struct sm_blob_ends *ends;
	size_t count = b->sections[SM_BLOB_ENDS].count;

	if (!at->tails)
		return SM_OK;
	if (count > UINT16_MAX) { /* it does not fit a mark */
		*names = SM_ENDS_ANY;
		return SM_OK;
	}
	ends = new_ends(b, *names);
	if (!ends)
		return SM_NOMEM;
	for (uint32_t i = 0; i < at->tails; i++)
		add_names(b->sections[SM_BLOB_STOPS].p + tail[i].text, &tail[i],
			  ends);
	*names = (uint32_t)count;
	return SM_OK;
}

/* -------------------------------------------------------------------- grants
 */

/* The one grant that most questions about the stop are answered with. */
static const struct sm_blob_grant *usual_grant(struct sm_build *b,
					       const struct sm_blob_stop *stop,
					       unsigned *answers)
{
	const struct sm_blob_grant *grants = sm_stop_grants(stop);
	const struct sm_blob_way *way = sm_stop_ways(stop);
	uint32_t below = stop->deeps + (uint32_t)stop->nexts;

	*answers = 0;
	if (below == 1) {
		*answers = SM_MARK_IN | (stop->deeps ? SM_MARK_BELOW : 0u);
		return grants + stop->ends;
	}
	if (!below && stop->ends == 1) {
		*answers = SM_MARK_ITSELF;
		return grants;
	}
	if (!(below + stop->ends + stop->trees) && stop->ways == 1 &&
	    way->plain) {
		*answers = SM_MARK_WAY;
		return sm_stop_grants(sm_build_stop_at(b, way->stop));
	}
	return NULL;
}

static enum sm_status put_grant(struct sm_build *b, struct sm_blob_mark *mark)
{
	const struct sm_blob_stop *stop = sm_build_stop_at(b, mark->stop);
	unsigned answers;
	const struct sm_blob_grant *grant = usual_grant(b, stop, &answers);
	struct sm_blob_text id;
	enum sm_status status;

	if (!grant || grant->rule > SM_GRANT_RULE || grant->id.len > UINT8_MAX)
		return SM_OK;
	status = sm_build_text(
		b,
		(struct sm_str){ b->sections[SM_BLOB_STOPS].p + grant->id.at,
				 grant->id.len },
		&id);
	mark->who = grant->who;
	mark->want = (uint8_t)grant->want;
	mark->rule = grant->rule;
	mark->id = id.at;
	mark->id_length = (uint8_t)id.len;
	mark->answers = (uint8_t)answers;
	mark->others = (uint8_t)stop->above;
	if (answers & SM_MARK_IN)
		mark->others |= (uint8_t)stop->beside;
	mark->names = (uint16_t)stop->names;
	return status;
}

/* Up to the nearest directory that leaves no more than the tail, or no less. */
static enum sm_status put_start(struct sm_build *b, const char *path,
				const struct sm_build_place *place,
				struct sm_blob_mark *mark)
{
	uint32_t rest = place->length - SM_MARK_TAIL;
	struct sm_build_place own = {
		.length = rest < SM_MARK_SHARED_MIN ? SM_MARK_SHARED_MIN : rest,
		.text = SM_BLOB_NONE,
	};
	struct sm_build_place *at, *best = &own;
	struct sm_blob_text text;
	enum sm_status status = SM_OK;

	for (at = place->up; at && at->length >= own.length; at = at->up)
		best = at;
	if (best->text == SM_BLOB_NONE) {
		status = sm_build_text(b, (struct sm_str){ path, best->length },
				       &text);
		best->text = text.at;
	}
	mark->start = best->text;
	mark->shared = (uint16_t)best->length;
	return status;
}

enum sm_status sm_build_mark(struct sm_build *b, enum sm_blob_root root,
			     uint32_t stop, const char *path,
			     const struct sm_build_place *place)
{
	struct sm_vector *marks = &b->sections[SM_BLOB_MARKS];
	struct sm_blob_mark mark = { .stop = stop };
	struct sm_blob_mark *to;
	uint32_t tail = place->length;
	enum sm_status status = put_grant(b, &mark);

	if (!status && tail > SM_MARK_TAIL) {
		status = put_start(b, path, place, &mark);
		tail = SM_MARK_TAIL;
	}
	if (status)
		return status;
	mark.path = (uint32_t)sm_mark_path(root, place->length);
	memcpy(mark.tail + SM_MARK_TAIL - tail, path + place->length - tail,
	       tail);
	sm_build_stop_at(b, stop)->mark = (uint32_t)marks->count;
	to = sm_build_push(marks, sizeof(*to));
	if (!to)
		return SM_NOMEM;
	*to = mark;
	return SM_OK;
}
