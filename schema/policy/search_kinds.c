/* SPDX-License-Identifier: Apache-2.0 */
/*
 * search_kinds.c: which bytes a search has to try: one of each kind.
 */
#include "schema/policy/language_internal.h"

/* Bytes that no set of any state tells apart are of one kind. */
struct kinds {
	uint16_t of[256];
	unsigned count;
};

/* Kinds that moved as a whole leave holes: at most 256 are in use. */
static void close_holes(struct kinds *kinds)
{
	uint16_t inside[512];
	unsigned c, used = 0;

	if (kinds->count <= 256)
		return;
	memset(inside, 0xff, sizeof(inside));
	for (c = 0; c < 256; c++) {
		if (inside[kinds->of[c]] == 0xffff)
			inside[kinds->of[c]] = (uint16_t)used++;
		kinds->of[c] = inside[kinds->of[c]];
	}
	kinds->count = used;
}

static void split_kinds(const struct sm_bytes *set, struct kinds *kinds)
{
	uint16_t inside[512];
	unsigned c;

	memset(inside, 0xff, sizeof(inside));
	for (c = 0; c < 256; c++) {
		if (!sm_bytes_has(set, c))
			continue;
		if (inside[kinds->of[c]] == 0xffff)
			inside[kinds->of[c]] = (uint16_t)kinds->count++;
		kinds->of[c] = inside[kinds->of[c]];
	}
	close_holes(kinds);
}

/* As split_kinds() of a set that holds c alone, which most do. */
static void split_off(unsigned c, struct kinds *kinds)
{
	kinds->of[c] = (uint16_t)kinds->count++;
	close_holes(kinds);
}

static bool equal_bytes(const struct sm_bytes *a, const struct sm_bytes *b)
{
	return !memcmp(a->has, b->has, sizeof(a->has));
}

/* Sets that split already: to do it again changes nothing. */
#define SPLIT_MAX 16
struct split {
	struct sm_bytes one, many[SPLIT_MAX]; /* one: sets of a single byte */
	unsigned next;
};

static bool has_split(struct split *s, const struct sm_bytes *set)
{
	for (unsigned i = 0; i < SPLIT_MAX; i++)
		if (equal_bytes(&s->many[i], set))
			return true;
	s->many[s->next++ % SPLIT_MAX] = *set;
	return false;
}

static void split_once(struct split *s, const struct sm_bytes *set,
		       struct kinds *kinds)
{
	int byte = sm_bytes_sole(set);

	if (byte < 0) {
		if (!has_split(s, set))
			split_kinds(set, kinds);
	} else if (!sm_bytes_has(&s->one, (unsigned)byte)) {
		sm_bytes_add(&s->one, (unsigned)byte, (unsigned)byte);
		split_off((unsigned)byte, kinds);
	}
}

#define PLAIN "abcdefghijklmnopqrstuvwxyz0123456789/-_."

unsigned sm_language_kinds(const struct sm_language *const *languages,
			   unsigned count, uint8_t bytes[256])
{
	const unsigned plain = sizeof(PLAIN) - 1;
	struct kinds kinds = { .count = 1 };
	struct split split = { .next = 0 };
	bool has[512] = { false };
	unsigned c, n = 0;

	/* What tells where a path stands. */
	split_off(0, &kinds);
	split_off('.', &kinds);
	split_off('/', &kinds);
	for (unsigned i = 0; i < count; i++) {
		const struct sm_language *l = languages[i];

		for (uint32_t j = 0; l && j < l->count; j++)
			if (l->states[j].to != SM_STATE_NONE)
				split_once(&split, &l->states[j].bytes, &kinds);
	}
	for (c = 0; c < plain + 256; c++) {
		uint8_t byte = c < plain ? (uint8_t)PLAIN[c]
					 : (uint8_t)(c - plain + '!');

		if (has[kinds.of[byte]])
			continue;
		has[kinds.of[byte]] = true;
		bytes[n++] = byte;
	}
	return n;
}
