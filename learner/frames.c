/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Drawn names tell by themselves which part of them was chosen, where there is
 * no name that they are made from: 816-anna.eml, 817-ben.eml and 820-carla.eml.
 * Three that have only what was drawn last in common are called anything before
 * it: morning-816.log, week 12-817.log, anna-2026-820.log.
 */
#include <stdlib.h>

#include "learner/open.h"
#include "schema/places.h"

static bool is_framed(const struct sm_node *kid)
{
	if (!kid->is_slot || kid->forward || sm_str_has(kid->name, '\\'))
		return false;
	return kid->is_dir ? sm_is_drawn_dir(kid)
			   : kid->is_drawn && sm_is_derivable(kid);
}

/* The tokens of the name and the extension, in one: what is of one frame. */
static struct sm_str frame_of(struct sm_learn *l, const struct sm_node *kid)
{
	struct sm_str text = kid->name;
	struct sm_str frame = kid->is_dir ? SM_STR("/") : sm_extension(text);

	for (uint32_t i = 0, from = 0; i < text.len; i++) {
		if (text.p[i] == '<')
			from = i;
		if (text.p[i] == '>')
			frame = sm_learn_join(l, frame,
					      sm_str_part(text, from, i));
	}
	return frame;
}

struct framed {
	struct sm_node *node;
	struct sm_str frame;
};

static int by_frame(const void *a, const void *b)
{
	const struct framed *x = a, *y = b;
	int r = sm_str_compare(x->frame, y->frame);

	return r ? r : sm_str_compare(x->node->name, y->node->name);
}

static char byte_at(struct sm_str s, uint32_t at, bool is_end)
{
	return s.p[is_end ? s.len - 1 - at : at];
}

/* What all names start with, up to a joint; or end with, from a joint on. */
static uint32_t common_part(const struct framed *f, size_t count, bool is_end)
{
	struct sm_str first = f[0].node->name;
	uint32_t n = first.len;

	for (size_t i = 1; i < count; i++) {
		struct sm_str name = f[i].node->name;
		uint32_t k = 0;

		while (k < n && k < name.len &&
		       byte_at(name, k, is_end) == byte_at(first, k, is_end))
			k++;
		n = k;
	}
	while (n && !sm_is_joint(byte_at(first, n - 1, is_end)))
		n--;
	return n;
}

/* START<name>END of all of them, or empty: tokens stand in between. */
static struct sm_str frame_slot(struct sm_learn *l,
				const struct sm_str_list *stems,
				const struct framed *f, size_t count)
{
	struct sm_str first = f[0].node->name, slot;
	uint32_t start = common_part(f, count, false);
	uint32_t end = common_part(f, count, true);

	for (size_t i = 0; i < count; i++) {
		struct sm_str name = f[i].node->name, middle;

		if (name.len <= start + end)
			return SM_STR("");
		middle = sm_str_part(name, start, name.len - end);
		if (sm_str_has(middle, '<') ||
		    (stems && !sm_list_has(stems, sm_stem_of(middle))))
			return SM_STR("");
	}
	/* Dotfiles are spelled, unless what is drawn stands behind. */
	if (first.p[0] == '.' &&
	    !sm_str_has(sm_str_part(first, first.len - end, first.len), '<'))
		return SM_STR("");
	slot = sm_learn_join(l, sm_str_part(first, 0, start), SM_STR("<name>"));
	slot = sm_learn_join(l, slot,
			     sm_str_part(first, first.len - end, first.len));
	return sm_count_wildcards(slot) > SM_COMPONENT_WILDCARDS ? SM_STR("")
								 : slot;
}

static bool is_given_part(const struct sm_learn *l, struct sm_str name,
			  uint32_t start, uint32_t end)
{
	return name.len > start + end &&
	       sm_is_given(l, sm_str_part(name, start, name.len - end));
}

static void open_frame(struct sm_learn *l, const struct sm_str_list *stems,
		       const struct framed *f, size_t count)
{
	struct sm_evidence e = { .distinct = count, .is_made = true };
	uint32_t start = common_part(f, count, false);
	uint32_t end = common_part(f, count, true);
	struct sm_str slot;

	/* Who is known elsewhere comes and goes there. */
	for (size_t i = 0; i < count && !stems; i++)
		e.some_recur |= f[i].node->runs.count > 1 &&
				!is_given_part(l, f[i].node->name, start, end);
	if (count < 2 || !sm_is_open(l, &e))
		return;
	slot = frame_slot(l, stems, f, count);
	for (size_t i = 0; slot.len && i < count; i++) {
		f[i].node->name = slot;
		f[i].node->why = SM_STR("chosen parts of drawn names");
	}
}

/* From a joint on, the last token and what is behind it; or empty. */
static struct sm_str end_of(const struct sm_node *kid)
{
	struct sm_str name = kid->name;
	uint32_t at = name.len;

	if (kid->is_dir || !is_framed(kid))
		return SM_STR("");
	while (at && name.p[at - 1] != '<')
		at--;
	if (at < 3 || !sm_is_joint(name.p[at - 2]) || name.p[0] == '.')
		return SM_STR("");
	return sm_str_part(name, at - 2, name.len);
}

/* What is in front of that, of three. */
static void open_fronts(struct sm_learn *l, struct sm_node *node)
{
	struct framed *f = sm_learn_take(l, (node->count + 1) * sizeof(*f));
	size_t count = 0, end;

	for (size_t i = 0; i < node->count; i++) {
		f[count] =
			(struct framed){ node->kids[i], end_of(node->kids[i]) };
		count += f[count].frame.len > 0;
	}
	if (count)
		qsort(f, count, sizeof(*f), by_frame);
	for (size_t i = 0; i < count; i = end) {
		struct sm_evidence e = { .distinct = 1, .some_recur = true };

		for (end = i + 1;
		     end < count && sm_str_equal(f[end].frame, f[i].frame);
		     end++)
			e.distinct += !sm_str_equal(f[end].node->name,
						    f[end - 1].node->name);
		for (size_t k = i; sm_is_open(l, &e) && k < end; k++) {
			f[k].node->name =
				sm_learn_join(l, SM_STR("<name>"), f[k].frame);
			f[k].node->why = SM_STR("chosen parts of drawn names");
		}
	}
}

void sm_open_frames(struct sm_learn *l, const struct sm_str_list *stems,
		    struct sm_node *node)
{
	struct framed *f = sm_learn_take(l, (node->count + 1) * sizeof(*f));
	size_t count = 0, end;

	for (size_t i = 0; i < node->count; i++)
		if (is_framed(node->kids[i]))
			f[count++] =
				(struct framed){ node->kids[i],
						 frame_of(l, node->kids[i]) };
	if (count)
		qsort(f, count, sizeof(*f), by_frame);
	for (size_t i = 0; i < count; i = end) {
		for (end = i + 1;
		     end < count && sm_str_equal(f[end].frame, f[i].frame);)
			end++;
		open_frame(l, stems, f + i, end - i);
	}
	if (!stems)
		open_fronts(l, node);
}
