/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verify_checkpoints.c: what the checkpoints say, and whether they go on from
 * one another.
 */
#include "schema/trace/column.h"
#include "schema/trace/verify.h"

static const char *check_signature(struct verifying *v,
				   const struct sm_checkpoint *c,
				   struct sm_str text, struct sm_str signature)
{
	if (sm_verify_note(v,
			   sm_checkpoint_check(v->chain, c, text, signature)))
		return c->is_signed ? "its signature is not by the key it names"
				    : "is not what was written";
	if (!c->is_signed)
		return NULL;
	if (v->trust->key && memcmp(v->trust->key, c->key, SM_KEY_BYTES) != 0)
		return "is signed by another key than the given one";
	v->result->signatures++;
	v->result->signed_events = c->marks[SM_PART_BLOCK].count - 1;
	sm_hex_put(c->key, SM_KEY_BYTES, v->result->key);
	return NULL;
}

/* Hashes of what only grows must be of ever more. */
static bool goes_on(const struct sm_checkpoint *a,
		    const struct sm_checkpoint *b)
{
	for (int i = SM_PART_FULL_CHUNK; i < SM_PARTS; i++) {
		if (i >= SM_PART_TABLES &&
		    sm_table_of((enum sm_part)i)->kind != SM_TABLE_APPENDED)
			continue;
		if (a->marks[i].count > b->marks[i].count)
			return false;
	}
	return a->number < b->number && !strcmp(a->trace, b->trace);
}

static enum sm_status keep(struct verifying *v, const struct sm_checkpoint *c)
{
	enum sm_status status = sm_array_reserve(
		(void **)&v->checkpoints, &v->checkpoint_room,
		v->checkpoint_count + 1, sizeof(*v->checkpoints));

	if (!status)
		v->checkpoints[v->checkpoint_count++] = *c;
	return status;
}

static const char *check_checkpoint(struct verifying *v, sqlite3_stmt *q,
				    const uint8_t previous[SM_HASH_BYTES])
{
	struct sm_str text = sm_column_str(q, 1),
		      signature = sm_column_str(q, 2);
	size_t n = v->checkpoint_count;
	struct sm_checkpoint c;
	const char *what;

	if (sqlite3_column_type(q, 1) != SQLITE_TEXT ||
	    sm_verify_note(v, sm_checkpoint_parse(text, &c)) ||
	    (int64_t)c.number != sqlite3_column_int64(q, 0))
		return "is none";
	if (sqlite3_column_type(q, 2) != SQLITE_BLOB)
		return "its signature is missing";
	what = check_signature(v, &c, text, signature);
	if (!what && memcmp(c.previous, previous, SM_HASH_BYTES) != 0)
		what = n ? "does not follow from the one before it"
			 : "does not follow from the file before this one";
	if (!what && n && !goes_on(&v->checkpoints[n - 1], &c))
		what = "does not go on from the one before it";
	if (what)
		return what;
	v->result->is_last_signed = c.is_signed;
	v->result->sealed_ns = c.time_ns;
	sm_verify_note(v, keep(v, &c));
	return NULL;
}

bool sm_verify_is_closed(const struct sm_trace *trace)
{
	return sm_trace_meta(trace, "closed");
}

/* Whether the signatures are there that a given key asks for. */
static void check_signed(struct verifying *v, uint64_t last)
{
	if (!v->trust->key)
		return;
	if (!v->result->signatures)
		sm_verify_report_row(
			v, "checkpoint", last,
			"no checkpoint is signed by the given key");
	else if (sm_verify_is_closed(v->trace) && !v->result->is_last_signed)
		sm_verify_report_row(
			v, "checkpoint", last,
			"is not signed: what came after the last signature "
			"may be anybody's");
}

void sm_verify_checkpoints(struct verifying *v)
{
	const char *follows = sm_trace_meta(v->trace, SM_META_FOLLOWS);
	uint8_t previous[SM_HASH_BYTES] = { 0 };
	sqlite3_stmt *q = NULL;
	uint64_t number = 0;
	int code = sqlite3_prepare_v2(v->trace->db,
				      "SELECT id,text,signature FROM "
				      "checkpoint ORDER BY id",
				      -1, &q, NULL);

	if (follows && (strlen(follows) != (size_t)2 * SM_HASH_BYTES ||
			!sm_hex_get(follows, previous, SM_HASH_BYTES)))
		sm_verify_report_part(v, SM_PART_META, "follows is no hash");
	sm_hex_put(previous, SM_HASH_BYTES, v->result->follows);
	while (!code && (code = sqlite3_step(q)) == SQLITE_ROW) {
		const char *what = check_checkpoint(v, q, previous);

		code = SQLITE_OK;
		number = (uint64_t)sqlite3_column_int64(q, 0);
		if (what)
			sm_verify_report_row(v, "checkpoint", number, what);
		sm_verify_note(
			v, sm_checkpoint_hash(v->chain, sm_column_str(q, 1),
					      sm_column_str(q, 2), previous));
		v->result->checkpoints++;
	}
	sqlite3_finalize(q);
	sm_hex_put(previous, SM_HASH_BYTES, v->result->last);
	if (code != SQLITE_DONE)
		sm_verify_report_row(v, "checkpoint", number + 1,
				     "cannot be read");
	else if (!v->result->checkpoints)
		sm_verify_report_row(v, "checkpoint", 1, "is missing");
	check_signed(v, number);
}

static bool is_same(struct verifying *v, const struct sm_checkpoint *a,
		    const struct sm_checkpoint *b)
{
	struct sm_bytes x = { 0 }, y = { 0 };
	bool is_same;

	sm_checkpoint_print(a, &x);
	sm_checkpoint_print(b, &y);
	v->lacks_memory |= x.has_failed || y.has_failed;
	is_same =
		!v->lacks_memory && x.len == y.len && !memcmp(x.p, y.p, x.len);
	sm_bytes_fini(&x);
	sm_bytes_fini(&y);
	return is_same;
}

/*
 * A checkpoint kept elsewhere takes its place among the file's own, so that it
 * is compared like them. It may be newer than all of them: then this is an old
 * copy, or its end was cut off.
 */
void sm_verify_place_anchor(struct verifying *v)
{
	const struct sm_checkpoint *anchor = &v->anchor;
	size_t n = v->checkpoint_count;
	struct sm_checkpoint last;

	if (!v->trust->anchor.len || !n)
		return;
	last = v->checkpoints[n - 1];
	if (strcmp(anchor->trace, last.trace) != 0) {
		sm_verify_report_row(v, "checkpoint", anchor->number,
				     "the given one is of another trace");
	} else if (anchor->number > last.number) {
		sm_verify_report_row(
			v, "checkpoint", last.number,
			"is older than the given one: the end is missing");
	} else if (anchor->number == last.number) {
		if (!is_same(v, anchor, &last))
			sm_verify_report_row(v, "checkpoint", last.number,
					     "is not the given one");
	} else if (!sm_verify_note(v, keep(v, anchor))) {
		for (n = v->checkpoint_count - 1;
		     n && v->checkpoints[n - 1].number > anchor->number; n--)
			v->checkpoints[n] = v->checkpoints[n - 1];
		v->checkpoints[n] = *anchor;
	}
}

/* Compares the marks that now[part] has reached. */
void sm_verify_pass(struct verifying *v, enum sm_part part)
{
	const struct sm_mark *now = &v->now[part];
	size_t *at = &v->passed[part];

	for (; *at < v->checkpoint_count; ++*at) {
		const struct sm_mark *mark = &v->checkpoints[*at].marks[part];

		if (mark->count > now->count)
			return;
		if (mark->count < now->count ||
		    memcmp(mark->hash, now->hash, SM_HASH_BYTES) != 0)
			sm_verify_report_part(
				v, part,
				"is not what its checkpoints vouch for: "
				"rows were changed");
	}
}
