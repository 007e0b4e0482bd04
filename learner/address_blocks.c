/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Addresses that were connected to without a name form a tree by their bits. At
 * each place where they part they may stay as they are, be divided there, or
 * become the block that holds them. What costs least is taken (cost.h).
 */
#include <stdio.h>

#include "learner/address_blocks.h"
#include "learner/cost.h"
#include "learner/open.h"

#define BLOCK_EVIDENCE 3 /* addresses; policy.md, little evidence */
#define V4_BITS	       96

/* Targets that share their first bits. */
struct branch {
	struct sm_choice cut;
	struct sm_target *first;
	size_t count;
};

struct form {
	struct sm_form form;
	uint32_t bits; /* of the block; 0: none */
};

static bool is_v4(const struct sm_target *t)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

	return !memcmp(t->address, mapped, sizeof(mapped));
}

/* What is handed out together: a /24, or an IPv6 network. */
static uint32_t widest_bits(const struct sm_target *t)
{
	return is_v4(t) ? V4_BITS + 24 : 64;
}

static uint32_t common_bits(const uint8_t *a, const uint8_t *b)
{
	uint32_t bits = 0;

	while (bits < 8 * SM_ADDRESS_BYTES &&
	       !((a[bits / 8] ^ b[bits / 8]) >> (7 - bits % 8) & 1))
		bits++;
	return bits;
}

bool sm_target_is_near(const struct sm_target *a, const struct sm_target *b)
{
	return a->port == b->port && a->kind == b->kind &&
	       sm_str_equal(a->proto, b->proto) && is_v4(a) == is_v4(b) &&
	       common_bits(a->address, b->address) >= widest_bits(a);
}

/* Beside metadata there is more of its kind: no block in such a network. */
static bool is_near_metadata(const struct sm_target *t)
{
	static const char *const addresses[] = {
		"100.100.100.200", "192.0.0.192",  "168.63.129.16",
		"fd00:ec2::254",   "fd20:ce::254",
	};
	uint8_t address[SM_ADDRESS_BYTES];

	for (size_t i = 0; i < sizeof(addresses) / sizeof(*addresses); i++)
		if (sm_address_parse(sm_str_of(addresses[i]), address) &&
		    common_bits(address, t->address) >= widest_bits(t))
			return true;
	return false;
}

/* -------------------------------------------------------------------- costs */

/* A block leaves as much open as its part of what is handed out together. */
static double rule_cost(const struct sm_target *t, uint32_t bits)
{
	double all = 8 * SM_ADDRESS_BYTES - widest_bits(t);
	struct sm_reach reach = { .sensitivity = 1 };

	if (bits)
		reach.widest = (8 * SM_ADDRESS_BYTES - bits) / all;
	return sm_rule_cost(&reach, SM_ACCESS_CONNECT);
}

/*
 * How much of what is new is not in the block: private networks hand addresses
 * out as they like, public ones are a provider's, who has them side by side.
 */
static double outside(const struct sm_target *t, uint32_t bits)
{
	double share = 1;

	if (t->kind != SM_ADDRESS_PRIVATE)
		return 0;
	for (uint32_t i = widest_bits(t); i < bits; i++)
		share /= 2;
	return 1 - share;
}

/* Of the same address, whoever connected to it and however often. */
static size_t same_as(const struct sm_target *first, size_t count)
{
	size_t n = 1;

	while (n < count &&
	       !memcmp(first[n].address, first->address, SM_ADDRESS_BYTES))
		n++;
	return n;
}

static double unseen(struct sm_learn *l, const struct branch *b,
		     size_t *distinct)
{
	struct sm_novelty novelty = { .windows = 0 };
	size_t n;

	*distinct = 0;
	for (size_t i = 0; i < b->count; i += n) {
		struct sm_node node = { .sources = 1 };

		n = same_as(b->first + i, b->count - i);
		for (size_t k = i; k < i + n; k++)
			sm_node_note_call(l, &node, b->first[k].call);
		sm_novelty_add(&novelty, &node, true);
		++*distinct;
	}
	return sm_novelty_unseen(&novelty, 1);
}

/* -------------------------------------------------------------------- forms */

static struct form *add_form(struct sm_learn *l, struct branch *b, double cost)
{
	struct form *form = sm_learn_take(l, sizeof(*form));
	struct sm_form **at = &b->cut.forms;

	while (*at)
		at = &(*at)->next;
	*at = &form->form;
	form->form.cost = cost;
	return form;
}

static struct branch *lay_out(struct sm_learn *l, struct sm_target *first,
			      size_t count, size_t all);

/* Where the first bit differs that not all share. */
static void add_halves(struct sm_learn *l, struct branch *b, uint32_t bits,
		       size_t all)
{
	struct form *form = add_form(l, b, 0);
	size_t n = 1;

	while (common_bits(b->first[0].address, b->first[n].address) > bits)
		n++;
	form->form.parts = sm_learn_take(l, 2 * sizeof(*form->form.parts));
	form->form.parts[0] = &lay_out(l, b->first, n, all)->cut;
	form->form.parts[1] = &lay_out(l, b->first + n, b->count - n, all)->cut;
	form->form.count = 2;
}

static void add_block(struct sm_learn *l, struct branch *b, uint32_t bits,
		      double blocks)
{
	struct form *form;

	form = add_form(
		l, b,
		rule_cost(b->first, bits) +
			sm_block_cost(l, blocks * outside(b->first, bits)));
	form->bits = bits;
}

/* all: targets of the network, of whose uses these have their share. */
static struct branch *lay_out(struct sm_learn *l, struct sm_target *first,
			      size_t count, size_t all)
{
	struct branch *b = sm_learn_take(l, sizeof(*b));
	uint32_t bits = common_bits(first->address, first[count - 1].address);
	double blocks;
	size_t distinct;

	b->first = first;
	b->count = count;
	blocks = unseen(l, b, &distinct) * (double)count / (double)all;
	add_form(l, b,
		 (double)distinct * rule_cost(first, 0) +
			 sm_block_cost(l, blocks));
	if (distinct < 2)
		return b;
	add_halves(l, b, bits, all);
	if (distinct < BLOCK_EVIDENCE || is_near_metadata(first))
		return b;
	add_block(l, b, bits, blocks);
	if (first->kind == SM_ADDRESS_PRIVATE && bits > widest_bits(first))
		add_block(l, b, widest_bits(first), blocks);
	return b;
}

static void apply(struct sm_learn *l, const struct sm_choice *cut)
{
	const struct branch *b = (const struct branch *)cut;
	const struct form *form = (const struct form *)cut->best;

	for (size_t i = 0; i < form->form.count; i++)
		apply(l, form->form.parts[i]);
	for (size_t i = 0; form->bits && i < b->count; i++) {
		b->first[i].bits = form->bits;
		b->first[i].why = sm_cut_why(l, cut, b->count, "addresses");
	}
}

void sm_targets_choose(struct sm_learn *l, struct sm_target *first,
		       size_t count)
{
	struct branch *b;

	if (first->kind == SM_ADDRESS_LOOPBACK)
		return;
	b = lay_out(l, first, count, count);
	sm_cut_solve(&b->cut);
	apply(l, &b->cut);
}

struct sm_str sm_target_block(struct sm_learn *l, const struct sm_target *t)
{
	uint8_t block[SM_ADDRESS_BYTES];
	char text[SM_ADDRESS_TEXT_MAX + 8];

	memcpy(block, t->address, sizeof(block));
	for (uint32_t i = t->bits; i < 8 * SM_ADDRESS_BYTES; i++)
		block[i / 8] &= (uint8_t) ~(0x80u >> i % 8);
	(void)sm_address_text(block, text);
	snprintf(text + strlen(text), 8, "/%u",
		 (unsigned)(is_v4(t) ? t->bits - V4_BITS : t->bits));
	return sm_learn_copy(l, sm_str_of(text));
}
