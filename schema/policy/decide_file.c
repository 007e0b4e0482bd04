/* SPDX-License-Identifier: Apache-2.0 */
/*
 * decide_file.c: the usual question, whether a file is allowed.
 *
 * decide.c answers it as well, and says why not. Here nothing is remembered of
 * rules that do not grant, and what is needed of those that may stands beside
 * the start of the path that leads to them (stop.h).
 *
 * What most decisions need is inline, and what they find is passed by value: it
 * stays in registers then. The rest stands apart, or it would take these away.
 */
#include "schema/policy/find_stop.h"

#define APART __attribute__((noinline)) static

/* What is asked. */
struct query {
	const struct sm_policy *policy;
	const struct sm_subject *subject;
	struct sm_str path;
	uint32_t name_at; /* its last component */
	uint32_t want;
};

/* What has been found so far. */
struct gain {
	const struct sm_blob_grant *first; /* by its rule's number */
	uint32_t granted;
	uint32_t doubts; /* not 0: there is more to say, or to ask */
};

SM_HOT struct gain take(const struct query *q, const struct sm_blob_grant *g,
			uint32_t count, struct gain gain)
{
	for (; count; count--, g++) {
		uint64_t both = g->who & q->subject->who;

		if (!(g->want & q->want) || !both)
			continue;
		gain.doubts |= g->rule & ~SM_GRANT_RULE;
		gain.doubts |= (uint32_t)(both >> SM_WHO_OTHERS);
		gain.granted |= g->want;
		if (!gain.first || g->rule < gain.first->rule)
			gain.first = g;
	}
	return gain;
}

/* By <tree>, which no hidden component is part of. */
APART struct gain take_trees(const struct query *q,
			     const struct sm_blob_stop *stop, uint32_t at,
			     struct gain gain)
{
	for (; at < q->path.len; at = sm_find_end(q->path, at) + 1)
		if (q->path.p[at] == '.')
			return gain;
	return take(q,
		    sm_stop_grants(stop) + stop->ends + stop->deeps +
			    stop->nexts,
		    stop->trees, gain);
}

/* The path goes on behind stop with the component from at to end. */
SM_HOT struct gain take_below(const struct query *q,
			      const struct sm_blob_stop *stop, uint32_t at,
			      uint32_t end, struct gain gain)
{
	uint32_t count = stop->deeps;

	/* Wildcards do not open hidden names. */
	if (end == q->path.len && q->path.p[at] != '.')
		count += stop->nexts;
	gain = take(q, sm_stop_grants(stop) + stop->ends, count, gain);
	if (__builtin_expect(stop->trees, 0))
		gain = take_trees(q, stop, at, gain);
	return gain;
}

/* ------------------------------------------------------------------- ways */

/* What stands between the texts of a way; never with a slash in it. */
static bool is_token(enum sm_token token, struct sm_str text)
{
	if (token == SM_TOKEN_NAME)
		return text.len && text.p[0] != '.';
	return text.len && sm_token_match(token, text) == text.len;
}

/* The component from at to end. */
SM_HOT bool matches(const struct query *q, const struct sm_blob_way *way,
		    uint32_t at, uint32_t end)
{
	const char *text = sm_stop_text(q->policy, way->text);
	struct sm_str name = { q->path.p + at, end - at };
	uint32_t texts = way->start + (uint32_t)way->end;

	if (way->shape == SM_SHAPE_PATTERN)
		return sm_match_pattern(q->policy, way->text, name, true);
	if (name.len < texts ||
	    (way->shape == SM_SHAPE_LITERAL && name.len != texts) ||
	    (!way->start && name.p[0] == '.') ||
	    !sm_find_same(text, name.p, way->start) ||
	    !sm_find_same(text + way->start, name.p + name.len - way->end,
			  way->end))
		return false;
	name.p += way->start;
	name.len -= texts;
	return way->shape != SM_SHAPE_TOKEN || is_token(way->token, name);
}

static struct gain follow(const struct query *q,
			  const struct sm_blob_stop *stop, uint32_t at,
			  struct gain gain);

/* Behind ways of the component from at to end. */
APART struct gain take_ways(const struct query *q,
			    const struct sm_blob_way *way, uint32_t count,
			    uint32_t at, uint32_t end, struct gain gain)
{
	for (; count; count--, way++) {
		const struct sm_blob_stop *next;

		if (!(way->want & q->want) || !matches(q, way, at, end))
			continue;
		next = sm_blob_stop(q->policy, way->stop);
		gain = end < q->path.len ? follow(q, next, end + 1, gain)
					 : take(q, sm_stop_grants(next),
						next->ends, gain);
	}
	return gain;
}

static struct gain take_tails(const struct query *q,
			      const struct sm_blob_stop *stop, struct gain gain)
{
	return take_ways(q, sm_stop_ways(stop) + stop->ways, stop->tails,
			 q->name_at, q->path.len, gain);
}

/* But for tails. */
SM_HOT struct gain take_next(const struct query *q,
			     const struct sm_blob_stop *stop, uint32_t at,
			     uint32_t end, struct gain gain)
{
	gain = take_below(q, stop, at, end, gain);
	if (__builtin_expect(stop->ways, 0))
		gain = take_ways(q, sm_stop_ways(stop), stop->ways, at, end,
				 gain);
	return gain;
}

static struct gain follow(const struct query *q,
			  const struct sm_blob_stop *stop, uint32_t at,
			  struct gain gain)
{
	gain = take_next(q, stop, at, sm_find_end(q->path, at), gain);
	return take_tails(q, stop, gain);
}

/* ------------------------------------------------------------------- stops */

SM_HOT const struct sm_blob_stop *up_of(const struct query *q,
					const struct sm_blob_stop *stop)
{
	return stop->up == SM_BLOB_NONE ? NULL
					: sm_blob_stop(q->policy, stop->up);
}

/* Whether the tails of stop, or of those above it, accept the name. */
SM_HOT bool may_end(const struct query *q, const struct sm_blob_stop *stop)
{
	return stop->tail_want & q->want && q->path.len > 1 &&
	       sm_stop_may_end(stop, sm_stop_name(q->path.p + q->name_at,
						  q->path.p + q->path.len));
}

/* Behind shorter starts of the path; tails: of what ends here. */
APART struct gain follow_up(const struct query *q,
			    const struct sm_blob_stop *up,
			    const struct sm_blob_stop *tails, struct gain gain)
{
	for (; up && up->want & q->want; up = up_of(q, up)) {
		uint32_t at = up->length + 1u;

		gain = take_next(q, up, at, sm_find_end(q->path, at), gain);
	}
	if (!tails || !may_end(q, tails))
		return gain;
	for (; tails && tails->tail_want & q->want; tails = up_of(q, tails))
		gain = take_tails(q, tails, gain);
	return gain;
}

SM_HOT struct gain find(const struct query *q)
{
	struct gain gain = { NULL, 0, 0 };
	const struct sm_blob_stop *stop, *up;
	struct sm_found_stop found =
		sm_find_stop(q->policy, SM_ROOT_FILES, q->path, q->name_at);

	stop = found.stop;
	if (!stop)
		return gain;
	if (!sm_find_is(stop, q->path.p, found.length))
		gain.doubts = SM_GRANT_ASKS_MORE;
	up = up_of(q, stop);
	if (found.end) {
		gain = take_next(q, stop, stop->length + 1u, found.end, gain);
	} else {
		gain = take(q, sm_stop_grants(stop), stop->ends, gain);
		stop = up;
	}
	if ((up && up->want & q->want) || (stop && may_end(q, stop)))
		gain = follow_up(q, up, stop, gain);
	return gain;
}

SM_UNGUARDED bool sm_policy_allows_file(const struct sm_policy *policy,
					const struct sm_subject *subject,
					struct sm_str path, uint32_t access,
					struct sm_allowance *out)
{
	struct query q = { policy, subject, path, 0, access };
	struct gain gain;

	if (!policy->has_file_rules_only || !path.len)
		return false;
	q.name_at = sm_find_last_slash(path.p, path.len) + 1;
	gain = find(&q);
	if (!gain.first || gain.doubts || access & ~gain.granted)
		return false;
	out->rule_index = gain.first->rule;
	out->rule = (struct sm_str){ sm_stop_text(policy, gain.first->id.at),
				     gain.first->id.len };
	return true;
}
