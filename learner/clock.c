/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Values of the clock: a name with the day of the recording in it, or its
 * time, has another one tomorrow. No second example is needed.
 */
#include "learner/learn.h"
#include "schema/ascii.h"

#define DAY_NS	 (UINT64_C(86400) * 1000000000)
#define YEAR_MIN 1970
#define YEAR_MAX 9999

/* Days since 1970-01-01 of the Gregorian calendar (Fliegel and Van Flandern,
   1968). */
static int64_t day_of(int64_t y, int64_t m, int64_t d)
{
	int64_t a = (14 - m) / 12, years = y + 4800 - a,
		months = m + 12 * a - 3;

	return d + (153 * months + 2) / 5 + 365 * years + years / 4 -
	       years / 100 + years / 400 - 32045 - 2440588;
}

/* A run was going on then; a day more on both sides for time zones. */
static bool was_recording(const struct sm_learn *l, int64_t from, int64_t to)
{
	const struct sm_observations *o = l->observations;

	for (size_t i = 0; i < o->run_count; i++) {
		const struct sm_run *run = o->runs[i];

		if (run->first_ns <= run->last_ns &&
		    to >= (int64_t)(run->first_ns / DAY_NS) - 1 &&
		    from <= (int64_t)(run->last_ns / DAY_NS) + 1)
			return true;
	}
	return false;
}

static bool is_day(const struct sm_learn *l, uint64_t y, uint64_t m, uint64_t d)
{
	int64_t day;

	if (y < YEAR_MIN || y > YEAR_MAX || m < 1 || m > 12 || d < 1 || d > 31)
		return false;
	day = day_of((int64_t)y, (int64_t)m, (int64_t)d);
	return was_recording(l, day, day);
}

static bool is_month(const struct sm_learn *l, uint64_t y, uint64_t m)
{
	if (y < YEAR_MIN || y > YEAR_MAX || m < 1 || m > 12)
		return false;
	return was_recording(l, day_of((int64_t)y, (int64_t)m, 1),
			     day_of((int64_t)y, (int64_t)m, 31));
}

static uint64_t number(struct sm_str text, uint32_t from, uint32_t count)
{
	uint64_t value = 0;

	for (uint32_t i = from; i < from + count; i++)
		value = value * 10 + (uint64_t)(text.p[i] - '0');
	return value;
}

static uint32_t digits_at(struct sm_str text, uint32_t at)
{
	uint32_t n = 0;

	while (at + n < text.len && sm_is_digit(text.p[at + n]))
		n++;
	return n;
}

/* Seconds since 1970, or finer. */
static bool is_stamp(const struct sm_learn *l, uint64_t value, uint32_t digits)
{
	int64_t day;

	for (; digits > 10; digits -= 3)
		value /= 1000;
	day = (int64_t)(value / 86400);
	return digits == 10 && was_recording(l, day, day);
}

/* 20261121, perhaps with the time behind; 202611. */
static bool is_packed(const struct sm_learn *l, struct sm_str text, uint32_t at,
		      uint32_t digits)
{
	if (digits == 6)
		return is_month(l, number(text, at, 4),
				number(text, at + 4, 2));
	return (digits == 8 || digits == 12 || digits == 14) &&
	       is_day(l, number(text, at, 4), number(text, at + 4, 2),
		      number(text, at + 6, 2));
}

static bool is_joint(struct sm_str text, uint32_t at)
{
	return at < text.len &&
	       (text.p[at] == '-' || text.p[at] == '_' || text.p[at] == '.');
}

/* 2026-11-21, 2026-11, 21.11.2026. */
static bool is_spelled(const struct sm_learn *l, struct sm_str text,
		       uint32_t at, uint32_t digits)
{
	uint32_t second = at + digits + 1, third, n, m;

	if (!is_joint(text, second - 1))
		return false;
	n = digits_at(text, second);
	if (n != 2)
		return false;
	third = second + n + 1;
	m = is_joint(text, third - 1) ? digits_at(text, third) : 0;
	if (digits == 4 && m == 2)
		return is_day(l, number(text, at, 4), number(text, second, 2),
			      number(text, third, 2));
	if (digits == 4)
		return is_month(l, number(text, at, 4),
				number(text, second, 2));
	return digits == 2 && m == 4 &&
	       is_day(l, number(text, third, 4), number(text, second, 2),
		      number(text, at, 2));
}

bool sm_has_clock(const struct sm_learn *l, struct sm_str text)
{
	uint32_t n;

	for (uint32_t at = 0; at < text.len; at += n ? n : 1) {
		n = digits_at(text, at);
		if (n < 2 || n > 19)
			continue;
		if (is_packed(l, text, at, n) || is_spelled(l, text, at, n) ||
		    (n >= 10 && n % 3 == 1 &&
		     is_stamp(l, number(text, at, n), n)))
			return true;
	}
	return false;
}

/* DIR/2026, DIR/2026/11 and DIR/2026/11/21: the last of up to three parts. */
bool sm_is_clock_dir(const struct sm_learn *l, const struct sm_str *parts,
		     size_t count)
{
	uint64_t values[3];

	if (!count || count > 3)
		return false;
	for (size_t i = 0; i < count; i++) {
		uint32_t n = digits_at(parts[i], 0);

		if (n != parts[i].len || (i ? n < 1 || n > 2 : n != 4))
			return false;
		values[i] = number(parts[i], 0, n);
	}
	if (count == 3)
		return is_day(l, values[0], values[1], values[2]);
	if (count == 2)
		return is_month(l, values[0], values[1]);
	return values[0] >= YEAR_MIN &&
	       was_recording(l, day_of((int64_t)values[0], 1, 1),
			     day_of((int64_t)values[0], 12, 31));
}
