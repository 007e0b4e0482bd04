/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names with tempfile's eight characters in them: which of their characters
 * those are, and which names hold such ones though no event tells of it.
 */
#include "learner/tree.h"
#include "schema/ascii.h"

static bool is_tmp_char(char c)
{
	return sm_is_digit(c) || sm_is_lower(c) || c == '_';
}

static bool is_tmp_word(struct sm_str name, uint32_t at)
{
	if (at + 8 > name.len)
		return false;
	for (uint32_t i = at; i < at + 8; i++)
		if (!is_tmp_char(name.p[i]))
			return false;
	return true;
}

static bool is_mixed(struct sm_str name, uint32_t at)
{
	unsigned digits = 0;

	for (uint32_t i = at; i < at + 8; i++)
		digits += sm_is_digit(name.p[i]);
	return digits && digits < 8;
}

/*
 * How much the eight characters at i look like tempfile's: 0, not at all. Nine
 * in ten of those hold a digit; prefixes mostly end, and suffixes begin, with a
 * separator.
 */
static unsigned likeness(struct sm_str name, uint32_t i)
{
	bool starts = !i || !is_tmp_char(name.p[i - 1]) || name.p[i - 1] == '_';
	bool ends = i + 8 == name.len || !is_tmp_char(name.p[i + 8]);

	if (!is_tmp_word(name, i) || !(starts || ends))
		return 0;
	return 1 + 4 * is_mixed(name, i) + 2 * (starts && ends) + ends;
}

/*
 * Where tempfile's eight characters stand in prefix + 8 + suffix: behind its
 * default prefix "tmp", or where they are likeliest, the last of several, as
 * suffixes are short: pip-modern-metadata-ynxvpx6n.
 */
bool sm_find_tmp(struct sm_str name, uint32_t *at)
{
	unsigned best = 0;

	*at = 3;
	if (sm_str_starts(name, SM_STR("tmp")) && is_tmp_word(name, 3))
		return true;
	for (uint32_t i = 0; i + 8 <= name.len; i++) {
		unsigned likely = likeness(name, i);

		if (likely && likely >= best) {
			best = likely;
			*at = i;
		}
	}
	return best;
}

/* What stands around the eight characters. */
static bool has_frame(struct sm_str name, struct sm_str other, uint32_t at)
{
	return name.len == other.len && !memcmp(name.p, other.p, at) &&
	       !memcmp(name.p + at + 8, other.p + at + 8, name.len - at - 8) &&
	       is_tmp_word(other, at);
}

#define DRAWN_MIN  3
#define DRAWN_FAR  1024 /* siblings compared with one */
#define FRAMED_FAR 8	/* names before and behind one */

/* Kids from first on that are framed alike; false: they come again, or are
 * words. */
static bool are_drawn(const struct sm_node *node, size_t first, uint32_t at)
{
	struct sm_str name = node->kids[first]->name;
	size_t count = 0, mixed = 0;

	for (size_t i = first; i < node->count && i < first + DRAWN_FAR; i++) {
		const struct sm_node *kid = node->kids[i];

		if (kid->is_slot || !has_frame(name, kid->name, at))
			continue;
		if (kid->runs.count > 1)
			return false;
		count++;
		mixed += is_mixed(kid->name, at);
	}
	return count >= DRAWN_MIN && 2 * mixed >= count;
}

/* Siblings that end as the name does behind the eight characters at it, and
 * may have eight of their own there; or one that is called what is in front. */
static size_t count_votes(const struct sm_node *node, const struct sm_node *kid,
			  uint32_t at)
{
	struct sm_str name = kid->name,
		      end = sm_str_part(name, at + 8, name.len);
	size_t votes = 0;

	for (size_t i = 0; i < node->count && i < DRAWN_FAR; i++) {
		struct sm_str other = node->kids[i]->name;

		if (at && sm_str_equal(other, sm_str_part(name, 0, at)))
			return SIZE_MAX;
		if (node->kids[i] != kid && node->kids[i]->is_tempfile &&
		    other.len >= end.len + 8 &&
		    sm_str_equal(
			    sm_str_part(other, other.len - end.len, other.len),
			    end))
			votes += is_tmp_word(other, other.len - end.len - 8);
	}
	return votes;
}

/*
 * Made-up names, in whatever directory, that are the same around the eight
 * characters at it: what begins alike stands together. `1~` belongs to hg's
 * .requires-wub9lrom1~, which no character in it tells.
 */
static size_t count_framed(const struct sm_learn *l, struct sm_str name,
			   uint32_t at)
{
	const struct sm_str_list *words = &l->tmp_words;
	size_t here = sm_str_place(words->items, words->count, name), n = 0;
	size_t from = here > FRAMED_FAR ? here - FRAMED_FAR : 0;

	for (size_t i = from; i < words->count && i <= here + FRAMED_FAR; i++)
		n += !sm_str_equal(words->items[i], name) &&
		     has_frame(name, words->items[i], at);
	return n;
}

/* Where the eight characters may stand, and what tells for it; most first. */
struct spot {
	size_t framed, votes;
	unsigned likely;
};

static bool is_worse(const struct spot *a, const struct spot *b)
{
	if (a->framed != b->framed)
		return a->framed < b->framed;
	if (a->votes != b->votes)
		return a->votes < b->votes;
	return a->likely < b->likely;
}

/* Before the look of the characters, what stands beside the name decides. */
static void place_tmp(const struct sm_learn *l, const struct sm_node *node,
		      struct sm_node *kid)
{
	struct sm_str name = kid->name;
	struct spot best = { 0 };

	for (uint32_t i = 0; i + 8 <= name.len; i++) {
		struct spot spot = { .likely = likeness(name, i) };

		if (!spot.likely)
			continue;
		spot.framed = count_framed(l, name, i);
		spot.votes = count_votes(node, kid, i);
		if (!(spot.framed || spot.votes) || is_worse(&spot, &best))
			continue;
		best = spot;
		kid->tmp_at = i + 1;
	}
}

/*
 * No event tells of names that tempfile.mktemp(), mktemp(1) and others draw,
 * but several of one frame do: thumb_0cu1qi2p.png.
 */
static void find_drawn(struct sm_node *node, const struct sm_place *place)
{
	for (size_t i = 0; i < node->count; i++) {
		struct sm_node *kid = node->kids[i];
		uint32_t at;

		if (kid->is_slot || kid->is_tempfile || kid->name.len < 9 ||
		    !(place->is_tmp || kid->is_made) ||
		    !sm_find_tmp(kid->name, &at) || !are_drawn(node, i, at))
			continue;
		for (size_t k = node->count; k-- > i;)
			node->kids[k]->is_tempfile |=
				!node->kids[k]->is_slot &&
				has_frame(kid->name, node->kids[k]->name, at);
	}
}

void sm_node_note_drawn(const struct sm_learn *l, struct sm_node *node,
			const struct sm_place *place)
{
	find_drawn(node, place);
	for (size_t i = 0; i < node->count; i++)
		if (node->kids[i]->is_tempfile && !node->kids[i]->is_slot)
			place_tmp(l, node, node->kids[i]);
}

bool sm_is_plain_tmp(struct sm_str name)
{
	return sm_str_starts(name, SM_STR("tmp")) && is_tmp_word(name, 3) &&
	       (name.len == 11 || name.p[11] == '.');
}
