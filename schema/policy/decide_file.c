/* SPDX-License-Identifier: Apache-2.0 */
/*
 * decide_file.c: the usual question, whether a file is allowed.
 *
 * decide.c answers it as well, and says why not. Here nothing is remembered of
 * rules that do not grant, and what is needed of those that may stands beside
 * the start of the path that leads to them (stop.h).
 *
 * What most decisions need stands at the end, without a call: what is needed
 * behind one would have to be saved. The rest stands apart.
 */
#include "schema/policy/find_stop.h"

#define APART SM_UNGUARDED __attribute__((noinline)) static

SM_HOT uint64_t load(const char *p)
{
	uint64_t word;

	memcpy(&word, p, sizeof(word));
	return word;
}

/* What is asked. */
struct query {
	const struct sm_policy *policy;
	const struct sm_subject *subject;
	struct sm_str path;
	uint32_t want;
};

/* What has been found so far. */
struct gain {
	const struct sm_blob_grant *first; /* by its rule's number */
	uint64_t who;			   /* that are meant, of those he is */
	uint32_t granted;
	uint32_t flags; /* of the rules: SM_GRANT_DENIES and the like */
};

static void add(const struct query *q, const struct sm_blob_grant *g,
		uint32_t count, struct gain *gain)
{
	for (; count; count--, g++) {
		uint64_t both = g->who & q->subject->who;

		if (!(g->want & q->want) || !both)
			continue;
		gain->who |= both;
		gain->granted |= g->want;
		gain->flags |= g->rule;
		if (!gain->first || g->rule < gain->first->rule)
			gain->first = g;
	}
}

/* By `**`, and by `*` where the component from at to end is the last. */
static void add_below(const struct query *q, const struct sm_blob_stop *stop,
		      uint32_t at, uint32_t end, struct gain *gain)
{
	uint32_t count = stop->deeps;

	/* Wildcards do not open hidden names. */
	if (end == q->path.len && q->path.p[at] != '.')
		count += stop->nexts;
	add(q, sm_stop_grants(stop) + stop->ends, count, gain);
}

/* By <tree>, which no hidden component is part of. */
static void add_trees(const struct query *q, const struct sm_blob_stop *stop,
		      uint32_t at, struct gain *gain)
{
	for (; at < q->path.len; at = sm_find_end(q->path, at) + 1)
		if (q->path.p[at] == '.')
			return;
	add(q, sm_stop_grants(stop) + stop->ends + stop->deeps + stop->nexts,
	    stop->trees, gain);
}

/* ------------------------------------------------------------------- ways */

/* What stands between the texts of a way; never with a slash in it. */
static bool is_token(enum sm_token token, struct sm_str text)
{
	if (!text.len)
		return false;
	if (token == SM_TOKEN_NAME)
		return text.p[0] != '.';
	return sm_token_match(token, text) == text.len;
}

/* A component. */
static bool matches(const struct sm_policy *policy,
		    const struct sm_blob_way *way, struct sm_str name)
{
	const char *text = sm_stop_text(policy, way->text);
	uint32_t texts = way->start + (uint32_t)way->end;

	if (way->shape == SM_SHAPE_PATTERN)
		return sm_match_pattern(policy, way->text, name, true);
	if (name.len < texts || (!way->start && name.p[0] == '.') ||
	    !sm_find_same(text, name.p, way->start) ||
	    !sm_find_same(text + way->start, name.p + name.len - way->end,
			  way->end))
		return false;
	name.p += way->start;
	name.len -= texts;
	if (way->shape == SM_SHAPE_TOKEN)
		return is_token(way->token, name);
	return way->shape == SM_SHAPE_ANY || !name.len;
}

static void follow(const struct query *q, const struct sm_blob_stop *stop,
		   uint32_t at, struct gain *gain);

/* Behind ways of the component from at to end. */
static void add_ways(const struct query *q, const struct sm_blob_way *way,
		     uint32_t count, uint32_t at, uint32_t end,
		     struct gain *gain)
{
	for (; count; count--, way++) {
		const struct sm_blob_stop *next;

		if (!(way->want & q->want) ||
		    !matches(q->policy, way,
			     (struct sm_str){ q->path.p + at, end - at }))
			continue;
		next = sm_blob_stop(q->policy, way->stop);
		if (end < q->path.len)
			follow(q, next, end + 1, gain);
		else
			add(q, sm_stop_grants(next), next->ends, gain);
	}
}

/* By trees and ways of stop, but not by tails. */
static void add_beside(const struct query *q, const struct sm_blob_stop *stop,
		       uint32_t at, uint32_t end, struct gain *gain)
{
	if (stop->trees)
		add_trees(q, stop, at, gain);
	add_ways(q, sm_stop_ways(stop), stop->ways, at, end, gain);
}

static uint32_t name_of(const struct query *q)
{
	return (uint32_t)sm_find_last_slash(q->path.p, q->path.len) + 1;
}

static void add_tails(const struct query *q, const struct sm_blob_stop *stop,
		      struct gain *gain)
{
	add_ways(q, sm_stop_ways(stop) + stop->ways, stop->tails, name_of(q),
		 q->path.len, gain);
}

APART void follow(const struct query *q, const struct sm_blob_stop *stop,
		  uint32_t at, struct gain *gain)
{
	uint32_t end = sm_find_end(q->path, at);

	add_below(q, stop, at, end, gain);
	add_beside(q, stop, at, end, gain);
	if (stop->tails)
		add_tails(q, stop, gain);
}

/* ------------------------------------------------------------------- stops */

static const struct sm_blob_stop *up_of(const struct query *q,
					const struct sm_blob_stop *stop)
{
	return stop->up == SM_BLOB_NONE ? NULL
					: sm_blob_stop(q->policy, stop->up);
}

/*
 * Whether tails of stop, or of those above it, may accept the path. Its last
 * component begins at name_at.
 */
SM_HOT bool may_end(const struct sm_blob_ends *ends, struct sm_str path,
		    size_t name_at)
{
	const char *end = path.p + path.len;

	return sm_ends_may(ends, end) &&
	       sm_ends_may_name(ends, path.p + name_at, end);
}

/*
 * Patterns behind stop, where the path goes on with a component up to end (0:
 * it ends there), what follows anywhere, and what stops above say.
 */
APART void add_others(const struct query *q, const struct sm_blob_stop *stop,
		      uint32_t end, struct gain *gain)
{
	const struct sm_blob_stop *up = up_of(q, stop), *tails;

	if (end)
		add_beside(q, stop, stop->length + 1u, end, gain);
	tails = end ? stop : up;
	if (!tails ||
	    !may_end(&q->policy->ends[tails->names], q->path, name_of(q)))
		tails = NULL; /* it speaks for those above, too */
	for (; tails && tails->tail_want & q->want; tails = up_of(q, tails))
		add_tails(q, tails, gain);
	for (; up && up->want & q->want; up = up_of(q, up)) {
		uint32_t at = up->length + 1u;

		end = sm_find_end(q->path, at);
		add_below(q, up, at, end, gain);
		add_beside(q, up, at, end, gain);
	}
}

/* ------------------------------------------------------------------ answer */

static struct sm_allowance allowance_of(const struct sm_policy *policy,
					const struct sm_blob_grant *grant)
{
	return (struct sm_allowance){
		sm_stop_text(policy, grant->id.at),
		grant->id.len,
		grant->rule,
	};
}

/* By all that is to be found; stop: the path's own start. */
APART struct sm_allowance ask_all(const struct sm_policy *policy,
				  const struct sm_subject *subject,
				  struct sm_str path, uint32_t access,
				  const struct sm_blob_stop *stop)
{
	const struct query q = { policy, subject, path, access };
	uint32_t at = stop->length + 1u;
	uint32_t end = at < path.len ? sm_find_end(path, at) : 0;
	struct gain gain = { NULL, 0, 0, 0 };

	if (end)
		add_below(&q, stop, at, end, &gain);
	else
		add(&q, sm_stop_grants(stop), stop->ends, &gain);
	add_others(&q, stop, end, &gain);
	/* No more to say, nor to ask: it is not denied, and he is the one. */
	if (!gain.first || gain.flags & ~SM_GRANT_RULE ||
	    gain.who >> SM_WHO_OTHERS || access & ~gain.granted)
		return (struct sm_allowance){ NULL, 0, 0 };
	return allowance_of(policy, gain.first);
}

/* ------------------------------------------------------------------- usual */

/*
 * Most files are allowed by one grant, and nothing else is to be asked. Where
 * that is not plain, ask_all() begins again.
 */

/* He is, for all he wants, and no names need to be compared for that. */
SM_HOT bool is_meant(uint64_t for_whom, uint32_t granted, uint64_t who,
		     uint32_t want)
{
	/* more than 0, as a signed number: and without SM_WHO_OTHERS */
	return (int64_t)(for_whom & who) > 0 && !(want & ~granted);
}

_Static_assert(SM_WHO_OTHERS == 63, "the sign");

static struct sm_allowance told_by(const struct sm_policy *policy,
				   const struct sm_blob_mark *mark)
{
	return (struct sm_allowance){
		policy->text + mark->id,
		mark->id_length,
		mark->rule,
	};
}

/*
 * Whether the last component, the path's, is what a plain way accepts: a few
 * literal bytes and a number, or anything, between them.
 */
SM_HOT bool is_accepted(const struct sm_blob_way *way, struct sm_str path,
			uint32_t at)
{
	const char *end = path.p + path.len;
	uint32_t more = path.len - at - way->texts;

	if (path.len - at < 8 ||
	    ((load(path.p + at) ^ way->first) & way->first_mask) |
		    ((load(end - 8) ^ way->last) & way->last_mask))
		return false;
	if (way->plain != SM_WAY_PLAIN_INT)
		return (int32_t)more >= 0;
	/* The word begins in the path, since the stop is not shorter. */
	return more - 1 < 8 &&
	       sm_find_digits(sm_stop_load(end - way->end - 8), more);
}

/* ------------------------------------------------------------------- starts */

/* Short ones, where there is more to hash, or where hashes are alike. */
APART struct sm_found_stop find_slowly(const struct sm_policy *policy,
				       const char *p, size_t n, size_t end)
{
	return sm_find_from(policy, SM_ROOT_FILES, p, n, end);
}

/* sm_find_stop(), of which all that most paths need is without a call. */
SM_HOT struct sm_found_stop find_stop(const struct sm_policy *policy,
				      const char *p, size_t n)
{
	size_t end = 0;

	for (; n >= 16; end = n, n = sm_find_last_slash(p, n)) {
		uint64_t hash = sm_stop_hash_end(SM_ROOT_FILES, p, n);
		const struct sm_blob_mark *mark;
		uint32_t number;

		if (!sm_find_may(policy, hash))
			continue;
		if (policy->reach)
			break;
		number = sm_find_number(policy, hash);
		if (number == SM_BLOB_NONE)
			continue;
		mark = &policy->marks[number];
		if (!sm_find_is(policy, mark, SM_ROOT_FILES, p, n))
			break;
		return (struct sm_found_stop){ mark, end };
	}
	return find_slowly(policy, p, n, end);
}

/* ------------------------------------------------------------------- usual */

/* The rule of one grant, unless others may have something to say. */
static struct sm_allowance
ask_grant(const struct sm_policy *policy, const struct sm_subject *subject,
	  struct sm_str path, uint32_t access, const struct sm_blob_stop *stop,
	  const struct sm_blob_grant *grant, uint32_t others)
{
	if (others & access || grant->rule > SM_GRANT_RULE ||
	    !is_meant(grant->who, grant->want, subject->who, access))
		return ask_all(policy, subject, path, access, stop);
	return allowance_of(policy, grant);
}

/* Where the mark does not tell, but one grant may. end: of a found stop. */
APART struct sm_allowance ask_stop(const struct sm_policy *policy,
				   const struct sm_subject *subject,
				   struct sm_str path, uint32_t access,
				   uint32_t word, size_t end)
{
	const struct sm_blob_stop *stop = sm_blob_stop(policy, word);
	const struct sm_blob_grant *grant = sm_stop_grants(stop);

	/* Tails accept hardly a name. */
	if (stop->tail_want & access &&
	    may_end(&policy->ends[stop->names], path,
		    sm_find_last_slash(path.p, path.len) + 1))
		return ask_all(policy, subject, path, access, stop);
	if (!end && stop->ends == 1)
		return ask_grant(policy, subject, path, access, stop, grant,
				 stop->above);
	/* Wildcards do not open hidden names. */
	if (end == path.len
		    ? stop->deeps + stop->nexts == 1 &&
			      (stop->deeps || path.p[stop->length + 1] != '.')
		    : end && stop->deeps == 1)
		return ask_grant(policy, subject, path, access, stop,
				 grant + stop->ends,
				 stop->above | stop->beside);
	return ask_all(policy, subject, path, access, stop);
}

SM_OFTEN SM_UNGUARDED struct sm_allowance
sm_policy_allows_file(const struct sm_policy *policy,
		      const struct sm_subject *subject, struct sm_str path,
		      uint32_t access)
{
	const struct sm_blob_mark *mark;
	const struct sm_blob_ends *ends;
	struct sm_found_stop found;
	unsigned question = SM_MARK_ITSELF;
	uint32_t at;

	if (!policy->has_file_rules_only || path.len < 2)
		return (struct sm_allowance){ NULL, 0, 0 };
	found = find_stop(policy, path.p, path.len);
	mark = found.mark;
	if (!mark)
		return (struct sm_allowance){ NULL, 0, 0 };
	at = sm_mark_length(mark) + 1;
	ends = &policy->ends[mark->names];
	if (found.end) {
		question = SM_MARK_BELOW;
		/* Wildcards do not open hidden names. */
		if (found.end == path.len && path.p[at] != '.')
			question = SM_MARK_IN | SM_MARK_WAY;
	}
	question &= mark->answers;
	if (sm_ends_may(ends, path.p + path.len)) {
		size_t name_at = at;

		if (found.end != path.len)
			name_at = sm_find_last_slash(path.p, path.len) + 1;
		if (sm_ends_may_name(ends, path.p + name_at, path.p + path.len))
			question = 0;
	}
	if (!question || mark->others & access ||
	    !is_meant(mark->who, mark->want, subject->who, access) ||
	    (question == SM_MARK_WAY &&
	     !is_accepted(sm_stop_ways(sm_blob_stop(policy, mark->stop)), path,
			  at)))
		return ask_stop(policy, subject, path, access, mark->stop,
				found.end);
	return told_by(policy, mark);
}
