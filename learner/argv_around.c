/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Addresses with text of the program's around them, as in `/^192.0.2.1 /d`. The
 * numbers of one alone would be a type, too, but the next may be of the other
 * family.
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

/* Bytes that all begin with, up to the last that is of no address. */
static uint32_t front_of(const struct sm_values *v)
{
	const char *first = v->items[0].text.p;
	uint32_t n = 0, most = shortest(v);

	for (; n < most; n++)
		for (size_t i = 1; i < v->count; i++)
			if (v->items[i].text.p[n] != first[n])
				most = n;
	n = most;
	while (n && may_be_of_address(first[n - 1]))
		n--;
	return n;
}

/* Bytes that all end with, behind so many; likewise. */
static uint32_t back_of(const struct sm_values *v, uint32_t front)
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
	while (most && may_be_of_address(first.p[first.len - most]))
		most--;
	return most;
}

struct sm_str sm_values_around(struct sm_learn *l, const struct sm_values *v)
{
	struct sm_str first = v->items[0].text, none = { "", 0 }, text;
	uint32_t front, back;

	front = front_of(v);
	back = back_of(v, front);
	/* Which host a URL means is no value: see the origin of URLs. */
	if (front && first.p[front - 1] == '/')
		return none;
	for (size_t i = 0; i < v->count; i++) {
		text = v->items[i].text;
		text.p += front;
		text.len -= front + back;
		if (!is_address(text))
			return none;
	}
	text = (struct sm_str){ first.p, front };
	text = sm_learn_join(l, sm_escape(l, text), SM_STR("<host>"));
	return sm_learn_join(
		l, text,
		sm_escape(l,
			  (struct sm_str){ first.p + first.len - back, back }));
}
