/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cover.c: one rule against all others.
 *
 * A search among ten thousand rules at once would be too large. So it starts
 * with none: what is found is shown to the rules whose extents begin like it,
 * the first that means it joins, and the search is made again. It ends when
 * nobody means what was found, or nothing is found; by then the few rules that
 * joined are the ones that matter.
 */
#include "schema/policy/cover.h"

#include <stdlib.h>

#include "schema/policy/extent.h"
#include "schema/policy/functions.h"
#include "schema/policy/symbol.h"

#define HEAD_MAX   96
#define JOINED_MAX 64

/*
 * Words of state sets that searches may look at, of some 8 ns each, and what
 * takes as long as so many.
 */
#define WORK_MAX    UINT64_C(600000000)
#define LOOK_WORK   3	/* at a rule's head */
#define EXTENT_WORK 300 /* building a rule's extent, */
#define STATE_WORK  6	/* and for each state of it */

struct sm_cover_entry {
	uint32_t rule;
	uint32_t len;
	char head[HEAD_MAX]; /* what all requests it means begin with */
};

/*
 * What a rule means, kept from one text to the next that is shown to it: a
 * bundle's rule may mean hundreds of paths. Up to some 20 MiB of states.
 */
struct sm_cover_extent {
	struct sm_language *in, *but; /* but: what it leaves out */
	uint32_t access;
	enum sm_status status;
};
#define KEPT_STATES_MAX 400000

/* --------------------------------------------------------- what a rule says */

uint32_t sm_cover_via(const struct sm_rule *r)
{
	if (r->via)
		return r->via;
	return r->family == SM_FAMILY_FILES && !r->deny ? 1u << SM_VIA_DIRECT
							: (1u << SM_VIAS) - 1;
}

uint32_t sm_cover_access(const struct sm_rule *r)
{
	uint32_t access = r->access;

	if (!r->deny && (access & SM_ACCESS_CREATE))
		access |= SM_ACCESS_WRITE;
	if (r->deny && (access & SM_ACCESS_WRITE))
		access |= SM_ACCESS_CREATE;
	/* Who may connect to a host may ask for its address. */
	if (access & SM_ACCESS_CONNECT)
		access |= SM_ACCESS_RESOLVE;
	/* What may not be read may not be loaded. */
	if (r->deny && r->family == SM_FAMILY_FILES &&
	    (access & SM_ACCESS_READ))
		access |= SM_ACCESS_LOAD;
	return access;
}

static bool holds(const struct sm_strings *list, struct sm_str who)
{
	size_t i;

	for (i = 0; i < list->count; i++)
		if (sm_functions_hold(list->items[i], who))
			return true;
	return false;
}

bool sm_cover_by(const struct sm_rule *r, const struct sm_ask *ask)
{
	bool is_owned = sm_str_starts(ask->by, SM_STR("dynamic:"));
	bool is_dynamic = is_owned || sm_str_equal(ask->by, SM_STR("dynamic"));

	if (r->by.count)
		return ask->by.len &&
		       (holds(&r->by, ask->by) ||
			(is_owned && holds(&r->by, SM_STR("dynamic"))));
	if (r->deny)
		return true;
	if (is_dynamic)
		return ask->access == SM_ACCESS_LOAD ||
		       ask->via != 1u << SM_VIA_DIRECT;
	return !sm_str_equal(ask->by, SM_STR("foreign"));
}

static bool is_code_path(const struct sm_ask *ask)
{
	return ask->access == SM_ACCESS_LOAD || ask->access == SM_ACCESS_EXEC ||
	       ask->access == SM_ACCESS_DLOPEN;
}

bool sm_cover_lets_write(const struct sm_rule *r)
{
	const uint32_t writes =
		SM_ACCESS_WRITE | SM_ACCESS_CREATE | SM_ACCESS_SQLITE;

	return r->family == SM_FAMILY_FILES && !r->deny && !r->makes_code &&
	       (r->access & writes) &&
	       (sm_cover_via(r) & ~(1u << SM_VIA_IMPORT));
}

bool sm_cover_is_code(const struct sm_rule *r)
{
	return !r->deny &&
	       (r->access == SM_ACCESS_LOAD || r->access == SM_ACCESS_EXEC ||
		r->access == SM_ACCESS_DLOPEN);
}

/* Whether r stands to the question, wherever it lies, in one of the ways. */
static bool stands(const struct sm_rule *r, unsigned ways,
		   enum sm_family family, const struct sm_ask *ask)
{
	bool is_near = r->family == family ||
		       (r->deny && r->family == SM_FAMILY_FILES &&
			ask->access == SM_ACCESS_LOAD);

	if ((ways & SM_COVER_WRITES) && sm_cover_lets_write(r) &&
	    is_code_path(ask))
		return true;
	if (!(ways & (r->deny ? SM_COVER_DENIES : SM_COVER_GRANTS)))
		return false;
	return is_near && (sm_cover_access(r) & ask->access) &&
	       (sm_cover_via(r) & ask->via) && sm_cover_by(r, ask);
}

/* ------------------------------------------------------------------- index */

static int compare_entries(const void *left, const void *right)
{
	const struct sm_cover_entry *a = left, *b = right;
	uint32_t len = a->len < b->len ? a->len : b->len;
	int r = memcmp(a->head, b->head, len);

	if (!r)
		r = (a->len > b->len) - (a->len < b->len);
	return r ? r : (a->rule > b->rule) - (a->rule < b->rule);
}

static void spend_on(uint64_t *left, const struct sm_language *l)
{
	sm_search_spend(
		left, EXTENT_WORK + STATE_WORK * (uint64_t)sm_language_size(l));
}

/* The access a rule's extent is asked for when only its start matters. */
static uint32_t plain_access(const struct sm_rule *r)
{
	return r->access & -r->access;
}

static enum sm_status fill_entry(struct sm_cover *c, uint32_t rule,
				 struct sm_cover_entry *e)
{
	const struct sm_rule *r = &c->rules->rules[rule];
	struct sm_language *l = sm_language_new();
	enum sm_status status;

	e->rule = rule;
	e->len = 0;
	if (!l)
		return SM_NOMEM;
	if (!c->left) {
		/* It may begin with anything: but nothing is asked any more. */
		sm_language_free(l);
		return SM_OK;
	}
	status = sm_extent_add(&c->values, r, plain_access(r), l, NULL);
	/* It is asked about look-ups too. */
	if (!status && r->access == SM_ACCESS_CONNECT)
		status = sm_extent_add(&c->values, r, SM_ACCESS_RESOLVE, l,
				       NULL);
	if (!status)
		e->len = sm_language_head(l, e->head, HEAD_MAX);
	spend_on(&c->left, l);
	sm_language_free(l);
	return SM_OK;
}

enum sm_status sm_cover_init(struct sm_cover *c, const struct sm_rules *rules,
			     const struct sm_binding *bindings, size_t count,
			     struct sm_diag *diag)
{
	enum sm_status status;
	size_t i;

	memset(c, 0, sizeof(*c));
	status = sm_policy_expand(rules, &c->rules, diag);
	if (status)
		return status;
	c->values = (struct sm_build){ .rules = c->rules,
				       .bindings = bindings,
				       .binding_count = count };
	c->count = c->rules->count;
	c->left = WORK_MAX;
	c->entries = calloc(c->count + 1, sizeof(*c->entries));
	c->is_hidden = calloc(c->count + 1, sizeof(*c->is_hidden));
	c->extents = calloc(c->count + 1, sizeof(*c->extents));
	status = c->entries && c->is_hidden && c->extents ? SM_OK : SM_NOMEM;
	for (i = 0; !status && i < c->count; i++)
		status = fill_entry(c, (uint32_t)i, &c->entries[i]);
	if (!status && c->count)
		qsort(c->entries, c->count, sizeof(*c->entries),
		      compare_entries);
	if (status)
		sm_cover_fini(c);
	return status ? sm_fail(diag, status, "out of memory") : SM_OK;
}

bool sm_cover_spend(struct sm_cover *c, size_t count)
{
	return sm_search_spend(&c->left, count * LOOK_WORK);
}

static size_t states_of(const struct sm_cover_extent *e)
{
	return e->in && e->but
		       ? sm_language_size(e->in) + sm_language_size(e->but)
		       : 0;
}

static void drop_extent(struct sm_cover *c, struct sm_cover_extent *e)
{
	c->kept_states -= states_of(e);
	sm_language_free(e->in);
	sm_language_free(e->but);
	*e = (struct sm_cover_extent){ 0 };
}

/* What r, a rule of c, means; status and languages are set. */
static const struct sm_cover_extent *
extent_of(struct sm_cover *c, const struct sm_rule *r, uint32_t access)
{
	struct sm_cover_extent *e = &c->extents[r - c->rules->rules];

	if (e->in && e->access == access)
		return e;
	drop_extent(c, e);
	e->in = sm_language_new();
	e->but = sm_language_new();
	e->access = access;
	e->status = e->in && e->but ? sm_extent_add(&c->values, r, access,
						    e->in, e->but)
				    : SM_NOMEM;
	c->kept_states += states_of(e);
	return e;
}

/* Keeps what extent_of() gave, unless there is too much of it. */
static void let_go(struct sm_cover *c, const struct sm_rule *r)
{
	if (c->kept_states > KEPT_STATES_MAX)
		drop_extent(c, &c->extents[r - c->rules->rules]);
}

void sm_cover_fini(struct sm_cover *c)
{
	for (size_t i = 0; c->extents && i < c->count; i++)
		drop_extent(c, &c->extents[i]);
	free(c->extents);
	sm_rules_free(c->rules);
	free(c->entries);
	free(c->is_hidden);
	memset(c, 0, sizeof(*c));
}

/* The first entry that is not below head. */
static size_t seek(const struct sm_cover *c, const char *head, uint32_t len)
{
	struct sm_cover_entry wanted = { .len = len };
	size_t low = 0, high = c->count;

	memcpy(wanted.head, head, len);
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (compare_entries(&c->entries[middle], &wanted) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* ------------------------------------------------------------------ search */

/* One search, and what has joined it so far. */
struct hunt {
	const struct sm_ask *ask;
	uint64_t *left; /* of the cover that asks */
	enum sm_family family;
	struct sm_language *in, *also, *out, *broad, *except;
	const struct sm_rule *joined[JOINED_MAX];
	size_t count;
	bool is_doubtful; /* a rule could not be followed, or half means it */
	struct sm_found_text text;
};

static bool has_joined(const struct hunt *h, const struct sm_rule *r)
{
	size_t i;

	for (i = 0; i < h->count; i++)
		if (h->joined[i] == r)
			return true;
	return false;
}

static bool is_whole_stdlib(const struct sm_rule *r)
{
	return r->access == SM_ACCESS_LOAD && !r->deny &&
	       sm_str_equal(r->pattern, SM_STR("stdlib"));
}

/* Whether r means the text; one that cannot be followed is noted. */
static bool means(struct hunt *h, struct sm_cover *c, const struct sm_rule *r)
{
	const struct sm_cover_extent *e = extent_of(c, r, h->ask->access);
	const struct sm_str text = { h->text.bytes, h->text.len };
	enum sm_status status = e->status;
	struct sm_found_text other;
	bool is_meant = false;

	/* As if it was built: what is found out must not depend on what was
	 * asked before. */
	if (e->in)
		spend_on(h->left, e->in);
	if (!status)
		is_meant = sm_language_has(e->in, text.p, text.len) &&
			   !sm_language_has(e->but, text.p, text.len);
	/* A bundle's rule for what the policy does not have falls away. */
	if (status && !(status == SM_NOT_FOUND && r->bundle.len))
		h->is_doubtful = true;
	if (!status && !is_meant && sm_extent_respell(&h->text, &other) &&
	    sm_language_has(e->in, other.bytes, other.len))
		h->is_doubtful = true;
	let_go(c, r);
	return is_meant;
}

static bool join(struct hunt *h, struct sm_cover *c, const struct sm_rule *r)
{
	struct sm_language *l = is_whole_stdlib(r) ? h->broad : h->out;
	struct sm_language *but = l == h->broad ? h->except : NULL;

	if (h->count == JOINED_MAX ||
	    sm_extent_add(&c->values, r, h->ask->access, l, but))
		return false;
	h->joined[h->count++] = r;
	return true;
}

/* Looks among the entries from `at` on that have exactly this head. */
static const struct sm_rule *look_at(struct hunt *h, struct sm_cover *c,
				     unsigned ways, size_t at, const char *head,
				     uint32_t len)
{
	for (; at < c->count; at++) {
		const struct sm_cover_entry *e = &c->entries[at];
		const struct sm_rule *r = &c->rules->rules[e->rule];

		if (e->len != len || memcmp(e->head, head, len) ||
		    !sm_search_spend(h->left, LOOK_WORK))
			break;
		if (!c->is_hidden[e->rule] &&
		    stands(r, ways, h->family, h->ask) && !has_joined(h, r) &&
		    means(h, c, r))
			return r;
	}
	return NULL;
}

/* A rule that means the text: its head is how the text begins. */
static const struct sm_rule *look(struct hunt *h, struct sm_cover *c,
				  unsigned ways)
{
	const struct sm_rule *found = NULL;
	uint32_t len = h->text.len < HEAD_MAX ? h->text.len : HEAD_MAX, n;
	struct sm_found_text other;

	for (n = 0; !found && n <= len; n++)
		found = look_at(h, c, ways, seek(c, h->text.bytes, n),
				h->text.bytes, n);
	/* Who compares the other spelling makes it doubtful. */
	if (found || !sm_extent_respell(&h->text, &other))
		return found;
	len = other.len < HEAD_MAX ? other.len : HEAD_MAX;
	for (n = 1; n <= len; n++)
		look_at(h, c, ways, seek(c, other.bytes, n), other.bytes, n);
	return NULL;
}

static bool join_any(struct hunt *h, const struct sm_cover_term *terms,
		     size_t count, bool *is_full)
{
	const struct sm_rule *r;
	size_t i;

	for (i = 0; i < count; i++) {
		r = look(h, terms[i].cover, terms[i].stands);
		if (!r)
			continue;
		*is_full = !join(h, terms[i].cover, r);
		return true;
	}
	return false;
}

static enum sm_found search(struct hunt *h)
{
	struct sm_search s = { h->in,	 h->also,   h->out,
			       h->broad, h->except, h->left };

	return sm_language_search(&s, &h->text);
}

static enum sm_found hunt(struct hunt *h, const struct sm_cover_term *terms,
			  size_t count)
{
	bool is_full = false;
	enum sm_found found;

	while ((found = search(h)) == SM_FOUND_ONE &&
	       join_any(h, terms, count, &is_full))
		if (is_full)
			return SM_FOUND_UNKNOWN;
	if (!*h->left)
		return SM_FOUND_UNKNOWN;
	return found == SM_FOUND_ONE && h->is_doubtful ? SM_FOUND_UNKNOWN
						       : found;
}

/* What rule means; "stdlib" does not mean what it leaves out. */
static enum sm_status add_in(struct hunt *h, struct sm_cover *c,
			     const struct sm_rule *r, struct sm_language *to)
{
	return sm_extent_add(&c->values, r, h->ask->access, to, h->out);
}

static bool hunt_init(struct hunt *h, struct sm_cover *own,
		      const struct sm_rule *rule, struct sm_cover *other,
		      const struct sm_rule *also)
{
	h->in = sm_language_new();
	h->out = sm_language_new();
	h->broad = sm_language_new();
	h->except = sm_language_new();
	h->also = also ? sm_language_new() : NULL;
	return h->in && h->out && h->broad && h->except && (!also || h->also) &&
	       !add_in(h, own, rule, h->in) &&
	       (!also || !add_in(h, other, also, h->also));
}

static void hunt_fini(struct hunt *h)
{
	sm_language_free(h->in);
	sm_language_free(h->also);
	sm_language_free(h->out);
	sm_language_free(h->broad);
	sm_language_free(h->except);
}

/* The request is of the family of the rule that could grant it. */
static enum sm_family family_of(const struct sm_rule *rule,
				const struct sm_rule *also)
{
	return also ? also->family : rule->family;
}

/* Of several rules that mean it all, one may do alone: then only it counts. */
static void shrink(struct hunt *h, struct sm_cover *own,
		   const struct sm_rule *rule, struct sm_cover *c)
{
	size_t i;

	for (i = h->count; h->count > 1 && i-- > 0;) {
		struct hunt one = { .ask = h->ask,
				    .left = h->left,
				    .family = h->family };

		if (hunt_init(&one, own, rule, NULL, NULL) &&
		    join(&one, c, h->joined[i]) &&
		    search(&one) == SM_FOUND_NOTHING) {
			h->joined[0] = h->joined[i];
			h->count = 1;
		}
		hunt_fini(&one);
	}
}

void sm_cover_search(struct sm_cover *own, const struct sm_rule *rule,
		     struct sm_cover *other, const struct sm_rule *also,
		     const struct sm_cover_term *terms, size_t count,
		     const struct sm_ask *ask, struct sm_cover_answer *a)
{
	struct hunt h = { .ask = ask,
			  .left = &own->left,
			  .family = family_of(rule, also) };
	size_t i;

	memset(a, 0, sizeof(*a));
	a->found = SM_FOUND_UNKNOWN;
	if (!own->left)
		return;
	if (hunt_init(&h, own, rule, other, also)) {
		spend_on(&own->left, h.in);
		a->found = hunt(&h, terms, count);
	}
	if (a->found == SM_FOUND_ONE)
		a->text = h.text;
	if (a->found == SM_FOUND_NOTHING && !also && count == 1)
		shrink(&h, own, rule, terms[0].cover);
	a->count = h.count;
	for (i = 0; i < h.count && i < SM_COVER_RULES_MAX; i++)
		a->rules[i] = h.joined[i];
	hunt_fini(&h);
}
