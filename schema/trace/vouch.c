/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/trace/vouch.h"

#include <sys/random.h>
#include <time.h>

#include "schema/trace/column.h"

void sm_voucher_init(struct sm_voucher *v, struct sm_rows *rows,
		     struct sm_chain *chain)
{
	/* Numbers count from 1: none is full yet. */
	*v = (struct sm_voucher){ .rows = rows,
				  .chain = chain,
				  .now = { .full_block = 1 } };
}

void sm_voucher_fini(struct sm_voucher *v)
{
	sm_bytes_fini(&v->text);
	*v = (struct sm_voucher){ 0 };
}

enum sm_status sm_voucher_start(struct sm_voucher *v)
{
	uint8_t id[SM_TRACE_ID_CHARS / 2];

	if (getrandom(id, sizeof(id), 0) != (ssize_t)sizeof(id))
		return SM_IO;
	sm_hex_put(id, sizeof(id), v->trace);
	return SM_OK;
}

static enum sm_status take(struct sm_voucher *v, sqlite3_stmt *q,
			   struct sm_checkpoint *last)
{
	struct sm_str text = sm_column_str(q, 1),
		      signature = sm_column_str(q, 2);
	enum sm_status status = sm_checkpoint_parse(text, last);

	if (status == SM_INVALID ||
	    (!status && (int64_t)last->number != sqlite3_column_int64(q, 0)))
		return SM_DAMAGED;
	if (!status)
		status = sm_checkpoint_check(v->chain, last, text, signature);
	if (!status)
		status = sm_checkpoint_hash(v->chain, text, signature,
					    v->now.kept_hash);
	if (status)
		return status;
	memcpy(v->trace, last->trace, sizeof(v->trace));
	v->now.last = v->now.kept = last->number;
	v->now.full_block = last->marks[SM_PART_FULL_BLOCK].count;
	return SM_OK;
}

enum sm_status sm_voucher_resume(struct sm_voucher *v,
				 struct sm_checkpoint *last)
{
	sqlite3_stmt *q = NULL;
	enum sm_status status = SM_IO;
	int code = sqlite3_prepare_v2(v->rows->db,
				      "SELECT id,text,signature FROM "
				      "checkpoint ORDER BY id DESC LIMIT 1",
				      -1, &q, NULL);

	if (!code) {
		code = sqlite3_step(q);
		if (code == SQLITE_ROW)
			status = take(v, q, last);
		else if (code == SQLITE_DONE)
			status = SM_DAMAGED;
	}
	sqlite3_finalize(q);
	return status;
}

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static bool is_time_to_sign(const struct sm_voucher *v)
{
	return v->signer && (!v->now.signed_ns ||
			     clock_ns(CLOCK_MONOTONIC) - v->now.signed_ns >=
				     SM_SIGN_EVERY_NS);
}

bool sm_voucher_is_due(const struct sm_voucher *v)
{
	return v->now.last && !v->now.is_signed && is_time_to_sign(v);
}

/* What a new row replaces; returns the hash of what it then stands behind. */
static enum sm_status cut(struct sm_voucher *v, bool signs,
			  const uint8_t **previous)
{
	sqlite3_stmt *s = sm_rows_statement(v->rows, SM_CUT_CHECKPOINTS);
	bool keeps_signed = !signs && v->now.signed_at > v->now.kept;

	if (!s)
		return SM_IO;
	*previous = keeps_signed ? v->now.signed_hash : v->now.kept_hash;
	sqlite3_bind_int64(s, 1, (int64_t)v->now.kept);
	sqlite3_bind_int64(s, 2, keeps_signed ? (int64_t)v->now.signed_at : 0);
	return sm_rows_step(s);
}

static enum sm_status put(struct sm_voucher *v, uint64_t number,
			  struct sm_str signature)
{
	sqlite3_stmt *s = sm_rows_statement(v->rows, SM_PUT_CHECKPOINT);

	if (!s)
		return SM_IO;
	sqlite3_bind_int64(s, 1, (int64_t)number);
	sqlite3_bind_text(s, 2, (const char *)v->text.p, (int)v->text.len,
			  SQLITE_STATIC);
	sqlite3_bind_blob(s, 3, signature.p, (int)signature.len, SQLITE_STATIC);
	return sm_rows_step(s);
}

static void note(struct sm_voucher *v, const struct sm_checkpoint *c,
		 const uint8_t hash[SM_HASH_BYTES])
{
	uint64_t full_block = c->marks[SM_PART_FULL_BLOCK].count;

	v->next = v->now;
	v->next.last = c->number;
	v->next.is_signed = c->is_signed;
	if (c->is_signed) {
		v->next.signed_at = c->number;
		v->next.signed_ns = clock_ns(CLOCK_MONOTONIC);
		memcpy(v->next.signed_hash, hash, SM_HASH_BYTES);
	}
	if (full_block > v->now.full_block && (c->is_signed || !v->signer)) {
		v->next.kept = c->number;
		v->next.full_block = full_block;
		memcpy(v->next.kept_hash, hash, SM_HASH_BYTES);
	}
}

static enum sm_status sign(struct sm_voucher *v, bool is_signed,
			   struct sm_str text,
			   uint8_t bytes[SM_SIGNATURE_BYTES],
			   struct sm_str *signature)
{
	static const struct sm_str none;

	*signature = (struct sm_str){ (const char *)bytes,
				      is_signed ? SM_SIGNATURE_BYTES
						: SM_HASH_BYTES };
	return is_signed ? sm_sign(v->signer, text.p, text.len, bytes)
			 : sm_checkpoint_hash(v->chain, text, none, bytes);
}

enum sm_status sm_voucher_write(struct sm_voucher *v,
				const struct sm_mark marks[SM_PARTS],
				bool is_last)
{
	struct sm_checkpoint c = { .number = v->now.last + 1,
				   .time_ns = clock_ns(CLOCK_REALTIME) };
	uint8_t signature[SM_SIGNATURE_BYTES], hash[SM_HASH_BYTES];
	struct sm_str text, signed_by;
	const uint8_t *previous;
	enum sm_status status;

	c.is_signed = v->signer && (is_last || is_time_to_sign(v));
	status = cut(v, c.is_signed, &previous);
	if (status)
		return status;
	memcpy(c.trace, v->trace, sizeof(c.trace));
	memcpy(c.previous, previous, SM_HASH_BYTES);
	memcpy(c.marks, marks, sizeof(c.marks));
	if (c.is_signed)
		sm_signer_key(v->signer, c.key);
	sm_checkpoint_print(&c, &v->text);
	if (v->text.has_failed) {
		v->text.has_failed = false;
		return SM_NOMEM;
	}
	text = (struct sm_str){ (const char *)v->text.p,
				(uint32_t)v->text.len };
	status = sign(v, c.is_signed, text, signature, &signed_by);
	if (!status)
		status = put(v, c.number, signed_by);
	if (!status)
		status = sm_checkpoint_hash(v->chain, text, signed_by, hash);
	note(v, &c, hash);
	return status;
}

void sm_voucher_committed(struct sm_voucher *v)
{
	v->now = v->next;
}
