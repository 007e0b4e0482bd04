/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Directories that sort what is in them by how its name begins, as 3f in
 * 3f/3fa9c2….jpg, or by digits its name lacks, as in objects/3f/a9c2….
 *
 * Such a name is no number, though there are no letters in some, and one is
 * enough to know that others will come: it is of a hash.
 */
#include "learner/open.h"
#include "schema/ascii.h"

/* Digits of one name; with more of them nothing is sorted. */
#define SHELF_MAX 4

/* How far into the file's name the directories above it may reach. */
#define SORTED_MAX 8

/* How many hexadecimal digits; *letters: how many of them are none of ten. */
static uint32_t hex_digits(struct sm_str s, uint32_t *letters)
{
	uint32_t n = 0;

	*letters = 0;
	for (; n < s.len; n++) {
		if (s.p[n] >= 'a' && s.p[n] <= 'f')
			++*letters;
		else if (!sm_is_digit(s.p[n]))
			break;
	}
	return n;
}

/* One digit is found anywhere: it has to stand in front. */
static bool holds(struct sm_str text, struct sm_str part)
{
	if (part.len == 1)
		text.len = 1;
	for (uint32_t i = 0; i + part.len <= text.len; i++)
		if (!memcmp(text.p + i, part.p, part.len))
			return true;
	return false;
}

/* A file called by a hash, to which the digits of the directory belong. */
static bool is_sorted(const struct sm_node *file, struct sm_str shelf,
		      bool has_letters)
{
	struct sm_str stem = file->name;
	uint32_t letters;

	stem.len -= sm_extension(stem).len;
	if (!file->is_made || !sm_token_match(SM_TOKEN_HEX, stem) ||
	    !hex_digits(stem, &letters) || !letters)
		return false;
	if (stem.len > SORTED_MAX)
		stem.len = SORTED_MAX;
	return (has_letters && shelf.len > 1) || holds(stem, shelf);
}

static bool holds_sorted(const struct sm_node *node, struct sm_str shelf,
			 bool has_letters)
{
	for (size_t i = 0; i < node->count; i++) {
		const struct sm_node *kid = node->kids[i];

		if (kid->is_slot || kid->forward)
			return false;
		if (kid->is_dir ? !sm_is_shelf(kid) ||
					  !holds_sorted(kid, shelf, has_letters)
				: !is_sorted(kid, shelf, has_letters))
			return false;
	}
	return node->count > 0;
}

bool sm_is_shelf(const struct sm_node *node)
{
	uint32_t letters;

	return node->is_dir && node->is_made && !node->is_slot &&
	       node->name.len <= SHELF_MAX &&
	       hex_digits(node->name, &letters) == node->name.len &&
	       holds_sorted(node, node->name, letters > 0);
}
