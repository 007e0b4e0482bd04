/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Values with text of the program's around them: addresses, as in
 * `/^192.0.2.1 /d`, and names that opened elsewhere, as in `anna@example.org`.
 */
#include "learner/argv.h"
#include "schema/address.h"
#include "schema/ascii.h"

static bool may_be_of_address(char c)
{
	return sm_is_alnum(c) || c == '.' || c == ':' || c == '-' || c == '%' ||
	       c == '_';
}

/* An address, and not "1.5", which is one to few. */
static bool is_address(struct sm_str s)
{
	unsigned dots = 0;

	for (uint32_t i = 0; i < s.len; i++)
		dots += s.p[i] == '.';
	return (dots == 3 || sm_str_has(s, ':')) &&
	       sm_address_kind_of(s) != SM_ADDRESS_NONE;
}

static uint32_t shortest(const struct sm_values *v)
{
	uint32_t least = v->items[0].text.len;

	for (size_t i = 1; i < v->count; i++)
		if (v->items[i].text.len < least)
			least = v->items[i].text.len;
	return least;
}

/* How many bytes all values begin and end with that are the program's. */
struct around {
	uint32_t front, back;
};

/* Bytes that all begin with, up to the last that may not be inside. */
static uint32_t front_of(const struct sm_values *v, bool (*is_inner)(char))
{
	const char *first = v->items[0].text.p;
	uint32_t n = 0, most = shortest(v);

	for (; n < most; n++)
		for (size_t i = 1; i < v->count; i++)
			if (v->items[i].text.p[n] != first[n])
				most = n;
	n = most;
	while (n && is_inner(first[n - 1]))
		n--;
	return n;
}

static uint32_t back_of(const struct sm_values *v, uint32_t front,
			bool (*is_inner)(char))
{
	struct sm_str first = v->items[0].text, text;
	uint32_t most = shortest(v) - front;

	for (uint32_t n = 0; n < most; n++)
		for (size_t i = 1; i < v->count; i++) {
			text = v->items[i].text;
			if (text.p[text.len - 1 - n] !=
			    first.p[first.len - 1 - n])
				most = n;
		}
	while (most && is_inner(first.p[first.len - most]))
		most--;
	return most;
}

static struct around around(const struct sm_values *v, bool (*is_inner)(char))
{
	uint32_t front = front_of(v, is_inner);

	return (struct around){ front, back_of(v, front, is_inner) };
}

static struct sm_str inside(struct sm_str text, const struct around *a)
{
	return (struct sm_str){ text.p + a->front,
				text.len - a->front - a->back };
}

static struct sm_str with_around(struct sm_learn *l, const struct sm_values *v,
				 const struct around *a, struct sm_str slot)
{
	struct sm_str first = v->items[0].text;
	struct sm_str front = { first.p, a->front };
	struct sm_str back = { first.p + first.len - a->back, a->back };

	slot = sm_learn_join(l, sm_escape(l, front), slot);
	return sm_learn_join(l, slot, sm_escape(l, back));
}

/*
 * The numbers of an address alone would be a type, too, but the next may be of
 * the other family.
 */
struct sm_str sm_values_around(struct sm_learn *l, const struct sm_values *v)
{
	struct sm_str first = v->items[0].text, none = { "", 0 };
	struct around a = around(v, may_be_of_address);

	/* Which host a URL means is no value: see the origin of URLs. */
	if (a.front && first.p[a.front - 1] == '/')
		return none;
	for (size_t i = 0; i < v->count; i++)
		if (!is_address(inside(v->items[i].text, &a)))
			return none;
	return with_around(l, v, &a, SM_STR("<host>"));
}

static bool may_be_of_name(char c)
{
	return sm_is_alnum(c) || (unsigned char)c >= 0x80;
}

/* Behind a scheme, and in front of the path: in it stands a host. */
static bool is_host_next(struct sm_str front)
{
	const struct sm_str mark = SM_STR("://");
	const char *at = memmem(front.p, front.len, mark.p, mark.len);
	uint32_t n = at ? (uint32_t)(at - front.p) + mark.len : 0;

	return at && !memchr(front.p + n, '/', front.len - n);
}

/*
 * Such names are somebody's, and what the program puts around them stays.
 * They opened as paths though they came back, which says the same of these. But
 * where there are blanks, more words may follow, as of SQL.
 */
struct sm_str sm_members_around(struct sm_learn *l, const struct sm_values *v)
{
	struct around a = around(v, may_be_of_name);
	struct sm_str front = { v->items[0].text.p, a.front };

	if (v->count < 2 || is_host_next(front))
		return SM_STR("");
	for (size_t i = 0; i < v->count; i++)
		if (sm_str_has(v->items[i].text, ' ') ||
		    !sm_list_has(&l->members, inside(v->items[i].text, &a)))
			return SM_STR("");
	return with_around(l, v, &a, SM_STR("<name>"));
}
