/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/cli_clock.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define NS 1000000000u

static uint64_t meta_number(const struct sm_trace *trace, const char *key)
{
	const char *text = sm_trace_meta(trace, key);

	return text ? strtoull(text, NULL, 10) : 0;
}

void sm_clock_init(struct sm_clock *clock, const struct sm_trace *trace)
{
	size_t count = sm_trace_process_count(trace);

	*clock = (struct sm_clock){
		.monotonic_ns = meta_number(trace, "clock.monotonic_ns"),
		.realtime_ns = meta_number(trace, "clock.realtime_ns"),
	};
	for (uint32_t i = 1; i <= count; i++) {
		uint64_t start = sm_trace_process(trace, i)->start.start_ns;

		if (i == 1 || start < clock->origin_ns)
			clock->origin_ns = start;
	}
}

void sm_clock_put_relative(FILE *out, const struct sm_clock *clock,
			   uint64_t time_ns)
{
	bool is_before = time_ns < clock->origin_ns;
	uint64_t ns = is_before ? clock->origin_ns - time_ns
				: time_ns - clock->origin_ns;

	fprintf(out, "%c%" PRIu64 ".%06" PRIu64, is_before ? '-' : '+', ns / NS,
		ns % NS / 1000);
}

bool sm_clock_realtime(const struct sm_clock *clock, uint64_t time_ns,
		       uint64_t *realtime_ns)
{
	if (!clock->realtime_ns)
		return false;
	*realtime_ns = clock->realtime_ns + (time_ns - clock->monotonic_ns);
	return true;
}

void sm_clock_format(const struct sm_clock *clock, uint64_t time_ns,
		     char out[40])
{
	uint64_t real;
	struct tm tm;
	time_t seconds;
	size_t n;

	out[0] = 0;
	if (!sm_clock_realtime(clock, time_ns, &real))
		return;
	seconds = (time_t)(real / NS);
	if (!gmtime_r(&seconds, &tm))
		return;
	n = strftime(out, 40, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(out + n, 40 - n, ".%06" PRIu64 "Z", real % NS / 1000);
}

/* Seconds with a fraction to nanoseconds, saturating. */
static bool parse_seconds(const char *text, uint64_t *ns)
{
	char *end;
	double seconds = strtod(text, &end);

	if (end == text || *end || !isfinite(seconds) || seconds < 0 ||
	    seconds > 1e10)
		return false;
	*ns = (uint64_t)(seconds * 1e9);
	return true;
}

/* ".5" after the seconds; moves *at behind it. */
static uint64_t take_fraction(const char **at)
{
	uint64_t ns = 0, unit = NS / 10;

	if (**at != '.')
		return 0;
	for ((*at)++; **at >= '0' && **at <= '9'; (*at)++, unit /= 10)
		ns += unit * (uint64_t)(**at - '0');
	return ns;
}

/* "Z", "+02:00", "-0330" or nothing (local time); false: something else. */
static bool take_zone(const char *text, struct tm *tm, time_t *seconds)
{
	int hours, minutes, n = 0;
	char sign;

	if (!*text) {
		tm->tm_isdst = -1;
		*seconds = mktime(tm);
		return true;
	}
	*seconds = timegm(tm);
	if (!strcmp(text, "Z") || !strcmp(text, "z"))
		return true;
	if (sscanf(text, "%c%2d:%2d%n", &sign, &hours, &minutes, &n) != 3 &&
	    sscanf(text, "%c%2d%2d%n", &sign, &hours, &minutes, &n) != 3)
		return false;
	if (text[n] || (sign != '+' && sign != '-'))
		return false;
	*seconds -= (sign == '-' ? -60 : 60) * (hours * 60 + minutes);
	return true;
}

static bool parse_iso(const char *text, uint64_t *realtime_ns)
{
	static const char *const formats[] = {
		"%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M",
		"%Y-%m-%d %H:%M",    "%Y-%m-%d",
	};

	for (size_t i = 0; i < sizeof(formats) / sizeof(*formats); i++) {
		struct tm tm = { .tm_mday = 1 };
		const char *rest = strptime(text, formats[i], &tm);
		uint64_t fraction;
		time_t seconds;

		if (!rest)
			continue;
		fraction = i < 2 ? take_fraction(&rest) : 0;
		if (!take_zone(rest, &tm, &seconds) || seconds < 0)
			return false;
		*realtime_ns = (uint64_t)seconds * NS + fraction;
		return true;
	}
	return false;
}

enum sm_status sm_clock_parse(const struct sm_clock *clock, const char *text,
			      uint64_t *time_ns, struct sm_diag *diag)
{
	uint64_t real, ns;

	*time_ns = 0;
	if (parse_seconds(text + (*text == '+'), &ns)) {
		*time_ns = clock->origin_ns + ns;
		return SM_OK;
	}
	if (!parse_iso(text, &real))
		return sm_fail(diag, SM_INVALID,
			       "'%s' is no time; write seconds since the start "
			       "(12.5) or 2026-11-21T09:10:01Z",
			       text);
	if (!clock->realtime_ns)
		return sm_fail(diag, SM_UNSUPPORTED,
			       "the trace does not say what its clock showed; "
			       "give seconds since the start");
	/* Before the host's boot nothing was recorded; 0 is no time. */
	ns = clock->realtime_ns - clock->monotonic_ns;
	*time_ns = real > ns ? real - ns : 1;
	return SM_OK;
}
