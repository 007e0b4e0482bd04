/* SPDX-License-Identifier: Apache-2.0 */
/*
 * open.c: checks everything deciding relies on, once, so that a hostile blob
 * can make decisions wrong but never read outside itself or run on.
 */
#include "schema/policy/stop.h"

#include "schema/shell.h"

const uint32_t sm_blob_element_bytes[SM_BLOB_SECTIONS] = {
	[SM_BLOB_TEXT] = 1,
	[SM_BLOB_NODES] = sizeof(struct sm_blob_node),
	[SM_BLOB_EDGES] = sizeof(struct sm_blob_edge),
	[SM_BLOB_FILTER] = sizeof(uint64_t),
	[SM_BLOB_SLOTS] = sizeof(uint32_t),
	[SM_BLOB_MARKS] = sizeof(struct sm_blob_mark),
	[SM_BLOB_ENDS] = sizeof(struct sm_blob_ends),
	[SM_BLOB_STOPS] = sizeof(uint64_t),
	[SM_BLOB_BRANCHES] = sizeof(struct sm_blob_branch),
	[SM_BLOB_INDEX] = sizeof(uint32_t),
	[SM_BLOB_RULES] = sizeof(struct sm_blob_rule),
	[SM_BLOB_PATTERNS] = sizeof(struct sm_blob_span),
	[SM_BLOB_ITEMS] = sizeof(struct sm_blob_item),
	[SM_BLOB_NAMES] = sizeof(struct sm_blob_text),
	[SM_BLOB_BY] = sizeof(struct sm_blob_by),
	[SM_BLOB_WHO] = sizeof(struct sm_blob_by),
	[SM_BLOB_TOKENS] = sizeof(struct sm_blob_token),
};

uint64_t sm_blob_checksum(const void *blob, size_t bytes)
{
	const char *p = blob;
	size_t at = offsetof(struct sm_blob_header, checksum) + 8;
	uint64_t hash = bytes, word;

	for (; bytes - at >= 8; at += 8) {
		memcpy(&word, p + at, 8);
		hash = sm_blob_mix(hash, word);
	}
	if (at < bytes)
		hash = sm_blob_mix(
			hash, sm_blob_tail(p + at, (uint32_t)(bytes - at)));
	return hash;
}

static uint32_t count_of(const struct sm_policy *p, enum sm_blob_section s)
{
	return sm_blob_header(p)->sections[s].count;
}

static bool is_index(const struct sm_policy *p, enum sm_blob_section s,
		     uint32_t i)
{
	return i < count_of(p, s);
}

static bool is_span(const struct sm_policy *p, enum sm_blob_section s,
		    struct sm_blob_span span)
{
	uint32_t count = count_of(p, s);

	return span.first <= count && span.count <= count - span.first;
}

static bool is_text(const struct sm_policy *p, struct sm_blob_text text)
{
	return is_span(p, SM_BLOB_TEXT,
		       (struct sm_blob_span){ text.at, text.len });
}

static bool are_sections_inside(const struct sm_policy *p)
{
	int s;

	for (s = 0; s < SM_BLOB_SECTIONS; s++) {
		struct sm_blob_span span = sm_blob_header(p)->sections[s];

		if (span.first < sizeof(struct sm_blob_header) ||
		    span.first % 8 || span.first > p->bytes ||
		    (p->bytes - span.first) / sm_blob_element_bytes[s] <
			    span.count)
			return false;
	}
	return true;
}

static bool are_nodes_good(const struct sm_policy *p)
{
	const struct sm_blob_node *n = sm_blob_section(p, SM_BLOB_NODES);
	const struct sm_blob_edge *e = sm_blob_section(p, SM_BLOB_EDGES);
	const struct sm_blob_branch *b = sm_blob_section(p, SM_BLOB_BRANCHES);
	uint32_t i;

	for (i = 0; i < count_of(p, SM_BLOB_NODES); i++)
		if (!is_span(p, SM_BLOB_EDGES, n[i].edges) ||
		    (n[i].edges.count & (n[i].edges.count - 1)) ||
		    !is_span(p, SM_BLOB_BRANCHES, n[i].branches) ||
		    !is_span(p, SM_BLOB_INDEX, n[i].rules) ||
		    (n[i].below != SM_BLOB_NONE &&
		     !is_index(p, SM_BLOB_NODES, n[i].below)) ||
		    (n[i].tidy != SM_BLOB_NONE &&
		     !is_index(p, SM_BLOB_NODES, n[i].tidy)))
			return false;
	for (i = 0; i < count_of(p, SM_BLOB_EDGES); i++)
		if (e[i].node != SM_BLOB_NONE &&
		    (!is_index(p, SM_BLOB_NODES, e[i].node) ||
		     !is_text(p, e[i].text)))
			return false;
	for (i = 0; i < count_of(p, SM_BLOB_BRANCHES); i++)
		if (!is_index(p, SM_BLOB_PATTERNS, b[i].pattern) ||
		    !is_index(p, SM_BLOB_NODES, b[i].node))
			return false;
	return true;
}

static bool is_item_good(const struct sm_policy *p,
			 const struct sm_blob_item *item)
{
	switch (item->kind) {
	case SM_BLOB_LITERAL:
		return is_text(p, (struct sm_blob_text){ item->a, item->b });
	case SM_BLOB_STAR:
		return true;
	case SM_BLOB_TOKEN:
		return item->token < SM_TOKENS;
	case SM_BLOB_OPTION:
		return is_span(p, SM_BLOB_NAMES,
			       (struct sm_blob_span){ item->a, item->b });
	case SM_BLOB_PATH:
		return is_index(p, SM_BLOB_NODES, item->a);
	case SM_BLOB_CIDR:
		return item->b == SM_ADDRESS_KEY && item->token <= 128 &&
		       is_text(p, (struct sm_blob_text){ item->a, item->b });
	}
	return false;
}

bool sm_open_is_component(const struct sm_policy *p, uint32_t pattern)
{
	const struct sm_blob_span *s = sm_blob_section(p, SM_BLOB_PATTERNS);
	const struct sm_blob_item *items = sm_blob_section(p, SM_BLOB_ITEMS);
	uint32_t i;

	for (i = 0; i < s[pattern].count; i++)
		if (items[s[pattern].first + i].kind == SM_BLOB_PATH)
			return false;
	return true;
}

/*
 * Patterns of nodes hold no <path:...>: matching would recurse. Items per
 * pattern are bounded because each costs a pass over the text.
 */
#define ITEMS_MAX 64

static bool are_patterns_good(const struct sm_policy *p)
{
	const struct sm_blob_span *s = sm_blob_section(p, SM_BLOB_PATTERNS);
	const struct sm_blob_item *items = sm_blob_section(p, SM_BLOB_ITEMS);
	const struct sm_blob_branch *b = sm_blob_section(p, SM_BLOB_BRANCHES);
	const struct sm_blob_text *names = sm_blob_section(p, SM_BLOB_NAMES);
	uint32_t i;

	for (i = 0; i < count_of(p, SM_BLOB_ITEMS); i++)
		if (!is_item_good(p, &items[i]))
			return false;
	for (i = 0; i < count_of(p, SM_BLOB_PATTERNS); i++)
		if (!is_span(p, SM_BLOB_ITEMS, s[i]) || s[i].count > ITEMS_MAX)
			return false;
	for (i = 0; i < count_of(p, SM_BLOB_BRANCHES); i++)
		if (!sm_open_is_component(p, b[i].pattern))
			return false;
	for (i = 0; i < count_of(p, SM_BLOB_NAMES); i++)
		if (!is_text(p, names[i]))
			return false;
	return true;
}

static bool is_rule_good(const struct sm_policy *p,
			 const struct sm_blob_rule *r)
{
	const uint32_t *index = sm_blob_section(p, SM_BLOB_INDEX);
	uint32_t i;

	if (!is_text(p, r->id) || !is_text(p, r->proto) ||
	    r->family >= SM_FAMILIES || r->run > r->args.count ||
	    !is_span(p, SM_BLOB_BY, r->by))
		return false;
	if (r->flags & (SM_RULE_SHELL | SM_RULE_GROUPS))
		return is_span(p, SM_BLOB_TOKENS, r->args) &&
		       r->args.count <= SM_SLOTS_MAX;
	if (!is_span(p, SM_BLOB_INDEX, r->args))
		return false;
	for (i = 0; i < r->args.count; i++)
		if (!is_index(p, SM_BLOB_PATTERNS, index[r->args.first + i]))
			return false;
	return true;
}

static bool are_rules_good(const struct sm_policy *p)
{
	const struct sm_blob_rule *r = sm_blob_section(p, SM_BLOB_RULES);
	const struct sm_blob_node *n = sm_blob_section(p, SM_BLOB_NODES);
	const struct sm_blob_by *by = sm_blob_section(p, SM_BLOB_BY);
	const struct sm_blob_by *who = sm_blob_section(p, SM_BLOB_WHO);
	const struct sm_blob_token *t = sm_blob_section(p, SM_BLOB_TOKENS);
	const uint32_t *index = sm_blob_section(p, SM_BLOB_INDEX);
	uint32_t i, j;

	for (i = 0; i < count_of(p, SM_BLOB_RULES); i++)
		if (!is_rule_good(p, &r[i]))
			return false;
	for (i = 0; i < count_of(p, SM_BLOB_NODES); i++)
		for (j = 0; j < n[i].rules.count; j++)
			if (!is_index(p, SM_BLOB_RULES,
				      index[n[i].rules.first + j]))
				return false;
	for (i = 0; i < count_of(p, SM_BLOB_BY); i++)
		if (!is_text(p, by[i].name))
			return false;
	if (count_of(p, SM_BLOB_WHO) > SM_WHO_NAMES_MAX)
		return false;
	for (i = 0; i < count_of(p, SM_BLOB_WHO); i++)
		if (!is_text(p, who[i].name))
			return false;
	for (i = 0; i < count_of(p, SM_BLOB_TOKENS); i++)
		if (t[i].kind > SM_BLOB_STEM || !is_text(p, t[i].text) ||
		    ((t[i].pattern != SM_BLOB_NONE ||
		      t[i].kind == SM_BLOB_STEM) &&
		     !is_index(p, SM_BLOB_PATTERNS, t[i].pattern)))
			return false;
	return true;
}

static bool is_header_good(const struct sm_policy *p)
{
	const struct sm_blob_header *h = sm_blob_header(p);
	int i;

	for (i = 0; i < SM_BLOB_ROOTS; i++)
		if (!is_index(p, SM_BLOB_NODES, h->roots[i]))
			return false;
	for (i = 0; i < SM_FAMILIES; i++)
		if (h->modes[i] < SM_MODE_OFF || h->modes[i] > SM_MODE_BLOCK)
			return false;
	return h->mode_of_unknown >= SM_MODE_OFF &&
	       h->mode_of_unknown <= SM_MODE_BLOCK &&
	       is_span(p, SM_BLOB_NAMES, h->stdlib) &&
	       is_span(p, SM_BLOB_NAMES, h->site);
}

/* There are sections; what they hold is not looked at. */
static void find_often_used(struct sm_policy *p)
{
	const struct sm_blob_header *h = sm_blob_header(p);

	p->slots = sm_blob_section(p, SM_BLOB_SLOTS);
	p->slot_mask = count_of(p, SM_BLOB_SLOTS) - 1;
	p->marks = sm_blob_section(p, SM_BLOB_MARKS);
	p->ends = sm_blob_section(p, SM_BLOB_ENDS);
	p->stops = sm_blob_section(p, SM_BLOB_STOPS);
	p->text = sm_blob_section(p, SM_BLOB_TEXT);
	p->filter = sm_blob_section(p, SM_BLOB_FILTER);
	p->filter_mask = count_of(p, SM_BLOB_FILTER) - 1;
	p->reach = h->reach;
	p->has_file_rules_only =
		h->modes[SM_FAMILY_FILES] != SM_MODE_OFF && !h->has_event_rules;
}

enum sm_status sm_policy_open(struct sm_policy *policy, const void *blob,
			      size_t bytes, struct sm_diag *diag)
{
	struct sm_policy p = { .blob = blob, .bytes = bytes };
	const struct sm_blob_header *h = blob;

	memset(policy, 0, sizeof(*policy));
	if (!blob || bytes < sizeof(*h) || (uintptr_t)blob % 8)
		return sm_fail(diag, SM_DAMAGED, "compiled policy too short");
	if (h->magic != SM_BLOB_MAGIC)
		return sm_fail(diag, SM_NOT_OURS, "no compiled policy");
	if (h->version != SM_BLOB_VERSION)
		return sm_fail(diag, SM_VERSION,
			       "compiled policy of version %u, expected %u",
			       h->version, SM_BLOB_VERSION);
	if (h->bytes != bytes || h->unused || h->spare || bytes > SM_BLOB_MAX ||
	    h->checksum != sm_blob_checksum(blob, bytes))
		return sm_fail(diag, SM_DAMAGED, "compiled policy altered");
	if (!are_sections_inside(&p))
		return sm_fail(diag, SM_DAMAGED,
			       "compiled policy inconsistent");
	find_often_used(&p);
	if (!is_header_good(&p) || !are_nodes_good(&p) ||
	    !are_patterns_good(&p) || !sm_open_stops(&p) || !are_rules_good(&p))
		return sm_fail(diag, SM_DAMAGED,
			       "compiled policy inconsistent");
	*policy = p;
	return SM_OK;
}

const uint8_t *sm_policy_digest(const struct sm_policy *policy)
{
	return sm_blob_header(policy)->digest;
}
