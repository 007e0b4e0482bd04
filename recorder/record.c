/* SPDX-License-Identifier: Apache-2.0 */
#include "recorder/record.h"

enum extra {
	EXTRA_RESOLVED_0,
	EXTRA_RESOLVED_1,
	EXTRA_DECISION,
	EXTRA_RULE,
	EXTRA_SHADOW_DECISION,
	EXTRA_SHADOW_RULE,
	EXTRAS
};

/* ---------------------------------------------------------------- writing */

static unsigned count_extras(const struct sm_event *e)
{
	return (e->resolved[0].len > 0) + (e->resolved[1].len > 0) +
	       (e->verdict.decision != SM_UNDECIDED) +
	       (e->verdict.rule.len > 0) +
	       (e->shadow.decision != SM_UNDECIDED) + (e->shadow.rule.len > 0);
}

static uint32_t finish(const struct sm_cbor_writer *w, const uint8_t *out)
{
	return w->has_failed ? 0 : (uint32_t)(w->at - out);
}

/*
 * Every event passes here, inside somebody else's program: heads of known
 * length and the plain arguments share one check of the room, and go through
 * a pointer of our own, which the compiler can keep in a register.
 */
#define FRONT_MAX (6 * SM_CBOR_HEAD_MAX)
#define BACK_MAX  (5 * SM_CBOR_HEAD_MAX)

enum major { UINT = 0, NEGATIVE = 1, BYTES = 2, TEXT = 3, ARRAY = 4, MAP = 5 };

static inline uint8_t *put_uint(uint8_t *at, uint64_t value)
{
	return sm_cbor_head(at, UINT, value);
}

/* Where n bytes fit: the writer's room, or spare when that is too short. */
static inline uint8_t *begin(const struct sm_cbor_writer *w, uint8_t *spare,
			     int n)
{
	return w->end - w->at >= n ? w->at : spare;
}

static inline void end(struct sm_cbor_writer *w, const uint8_t *spare,
		       const uint8_t *start, uint8_t *at)
{
	if (start != spare)
		w->at = at;
	else if (!w->has_failed && w->end - w->at >= at - spare) {
		memcpy(w->at, spare, (size_t)(at - spare));
		w->at += at - spare;
	} else
		w->has_failed = true;
}

static void put_front(struct sm_cbor_writer *w, const struct sm_event *e,
		      unsigned extras)
{
	uint8_t spare[FRONT_MAX], *start = begin(w, spare, FRONT_MAX);
	uint8_t *at = start;
	uint64_t time_ns = __builtin_bswap64(e->time_ns);

	at = sm_cbor_head(at, ARRAY, 11 + (extras > 0));
	at = put_uint(at, SM_RECORD_EVENT);
	at = put_uint(at, e->seq);
	*at++ = 0x1b; /* always eight bytes */
	memcpy(at, &time_ns, sizeof(time_ns));
	at = put_uint(at + sizeof(time_ns), e->thread);
	if (e->site.kind == SM_EVENT_OTHER) {
		end(w, spare, start, at);
		sm_cbor_put_str(w, e->site.event);
		sm_cbor_put_array(w, e->argc);
		return;
	}
	at = put_uint(at, e->site.kind);
	end(w, spare, start, sm_cbor_head(at, ARRAY, e->argc));
}

/*
 * Overlapping loads: most strings are shorter than a call of memcpy is long.
 * What the compiler makes of one byte by byte takes longer still to begin.
 */
static inline uint8_t *put_copy(uint8_t *at, const char *p, uint32_t n)
{
	if (n > 64) {
		memcpy(at, p, n);
	} else if (n > 16) {
		memcpy(at + n - 16, p + n - 16, 16);
		for (uint32_t i = 0; i < n - 16; i += 16)
			memcpy(at + i, p + i, 16);
	} else if (n >= 8) {
		uint64_t first, last;

		memcpy(&first, p, 8);
		memcpy(&last, p + n - 8, 8);
		memcpy(at, &first, 8);
		memcpy(at + n - 8, &last, 8);
	} else if (n >= 4) {
		uint32_t first, last;

		memcpy(&first, p, 4);
		memcpy(&last, p + n - 4, 4);
		memcpy(at, &first, 4);
		memcpy(at + n - 4, &last, 4);
	} else if (n) {
		at[n / 2] = (uint8_t)p[n / 2];
		at[n - 1] = (uint8_t)p[n - 1];
		at[0] = (uint8_t)p[0];
	}
	return at + n;
}

/* The values most arguments are; NULL for the others, and without room. */
static inline uint8_t *put_plain(uint8_t *at, const uint8_t *limit,
				 const struct sm_value *v)
{
	int64_t room = limit - at - SM_CBOR_HEAD_MAX;

	if (room < 0)
		return NULL;
	switch (v->type) {
	case SM_TEXT:
	case SM_BYTES:
		if (v->full_len > v->len || room < v->len)
			return NULL;
		at = sm_cbor_head(at, v->type == SM_TEXT ? TEXT : BYTES,
				  v->len);
		return put_copy(at, v->s, v->len);
	case SM_INT:
		return v->i < 0 ? sm_cbor_head(at, NEGATIVE, ~(uint64_t)v->i)
				: put_uint(at, (uint64_t)v->i);
	case SM_NONE:
		*at = 0xf6; /* null */
		return at + 1;
	default:
		return NULL;
	}
}

static void put_args(struct sm_cbor_writer *w, const struct sm_event *e)
{
	uint8_t *at = w->at, *next;

	for (uint32_t i = 0; i < e->argc; i++) {
		next = w->has_failed ? NULL
				     : put_plain(at, w->end, &e->args[i]);
		if (!next) {
			w->at = at;
			sm_cbor_put_value(w, &e->args[i]);
			next = w->at;
		}
		at = next;
	}
	w->at = at;
}

static void put_back(struct sm_cbor_writer *w,
		     const struct sm_record_event *record)
{
	const struct sm_site *site = &record->event.site;
	uint8_t spare[BACK_MAX], *start = begin(w, spare, BACK_MAX);
	uint8_t *at = start;

	at = put_uint(at, record->caller);
	at = put_uint(at, site->line);
	at = put_uint(at, site->via);
	at = put_uint(at, site->principal.kind);
	end(w, spare, start, put_uint(at, record->owner));
}

static void put_verdict(struct sm_cbor_writer *w, enum extra first,
			const struct sm_recorded_verdict *verdict)
{
	if (verdict->decision != SM_UNDECIDED) {
		sm_cbor_put_uint(w, first);
		sm_cbor_put_uint(w, verdict->decision);
	}
	if (verdict->rule.len) {
		sm_cbor_put_uint(w, first + 1);
		sm_cbor_put_str(w, verdict->rule);
	}
}

SM_RARELY static void put_extras(struct sm_cbor_writer *w,
				 const struct sm_event *e, unsigned count)
{
	if (w->at < w->end && !w->has_failed)
		*w->at++ = (uint8_t)(MAP << 5 | count);
	else
		w->has_failed = true;
	for (unsigned i = 0; i < SM_RESOLVED_MAX; i++) {
		if (!e->resolved[i].len)
			continue;
		sm_cbor_put_uint(w, EXTRA_RESOLVED_0 + i);
		sm_cbor_put_str(w, e->resolved[i]);
	}
	put_verdict(w, EXTRA_DECISION, &e->verdict);
	put_verdict(w, EXTRA_SHADOW_DECISION, &e->shadow);
}

/* ASCII, copied as it is looked at; NULL where it is not, or is too long. */
static inline uint8_t *put_short_id(uint8_t *at, const char *p, uint32_t n)
{
	uint64_t high = SM_UTF8_HIGH_BITS, first, last;
	uint32_t half, half_last;
	uint8_t a, b, c;

	if (n > 16 || !n)
		return NULL;
	if (n >= 8) {
		memcpy(&first, p, 8);
		memcpy(&last, p + n - 8, 8);
		memcpy(at, &first, 8);
		memcpy(at + n - 8, &last, 8);
		return (first | last) & high ? NULL : at + n;
	}
	if (n >= 4) {
		memcpy(&half, p, 4);
		memcpy(&half_last, p + n - 4, 4);
		memcpy(at, &half, 4);
		memcpy(at + n - 4, &half_last, 4);
		return (half | half_last) & (uint32_t)high ? NULL : at + n;
	}
	a = (uint8_t)p[0];
	b = (uint8_t)p[n / 2];
	c = (uint8_t)p[n - 1];
	at[0] = a;
	at[n / 2] = b;
	at[n - 1] = c;
	return (a | b | c) & 0x80 ? NULL : at + n;
}

/*
 * What an enforced event has as a rule: a decision and the short id of a
 * rule. False: it has more, or there is no room.
 */
#define SHORT_EXTRAS (5 + 16)

static inline bool put_usual_extras(struct sm_cbor_writer *w,
				    const struct sm_event *e, unsigned extras)
{
	struct sm_str id = e->verdict.rule;
	uint32_t head = MAP << 5 | 2 | EXTRA_DECISION << 8 |
			(uint32_t)e->verdict.decision << 16 | EXTRA_RULE << 24;
	uint8_t *at = w->at, *end;

	if (extras != 2 || e->verdict.decision == SM_UNDECIDED ||
	    w->has_failed || w->end - at < SHORT_EXTRAS)
		return false;
	end = put_short_id(at + 5, id.p, id.len);
	if (!end)
		return false;
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	head = __builtin_bswap32(head);
#endif
	memcpy(at, &head, sizeof(head));
	at[4] = (uint8_t)(TEXT << 5 | id.len);
	w->at = end;
	return true;
}

SM_OFTEN uint32_t sm_record_put_event(uint8_t *out, uint32_t room,
				      const struct sm_record_event *record)
{
	struct sm_cbor_writer w = { out, out + room, false };
	unsigned extras = count_extras(&record->event);

	put_front(&w, &record->event, extras);
	put_args(&w, &record->event);
	put_back(&w, record);
	if (extras && !put_usual_extras(&w, &record->event, extras))
		put_extras(&w, &record->event, extras);
	return finish(&w, out);
}

uint32_t sm_record_put_code(uint8_t *out, uint32_t room,
			    const struct sm_record_code *code)
{
	struct sm_cbor_writer w = { out, out + room, false };

	sm_cbor_put_array(&w, 6);
	sm_cbor_put_uint(&w, SM_RECORD_CODE);
	sm_cbor_put_uint(&w, code->id);
	sm_cbor_put_str(&w, code->file);
	sm_cbor_put_str(&w, code->function);
	sm_cbor_put_str(&w, code->package);
	sm_cbor_put_uint(&w, code->kind);
	return finish(&w, out);
}

uint32_t
sm_record_put_interpreter(uint8_t *out, uint32_t room,
			  const struct sm_trace_interpreter *interpreter)
{
	struct sm_cbor_writer w = { out, out + room, false };

	sm_cbor_put_array(&w, 6);
	sm_cbor_put_uint(&w, SM_RECORD_INTERPRETER);
	sm_cbor_put_str(&w, interpreter->version);
	sm_cbor_put_str(&w, interpreter->stdlib);
	sm_cbor_put_str(&w, interpreter->prefix);
	sm_cbor_put_str(&w, interpreter->home);
	sm_cbor_put_str(&w, interpreter->tmp);
	return finish(&w, out);
}

uint32_t sm_record_put_policy(uint8_t *out, uint32_t room,
			      const struct sm_record_policy *policy)
{
	struct sm_cbor_writer w = { out, out + room, false };

	sm_cbor_put_array(&w, 4);
	sm_cbor_put_uint(&w, SM_RECORD_POLICY);
	sm_cbor_put_uint(&w, policy->generation);
	sm_cbor_put_uint(&w, policy->seq);
	sm_cbor_put_uint(&w, policy->time_ns);
	return finish(&w, out);
}

uint32_t sm_record_put_lost(uint8_t *out, uint32_t room,
			    const struct sm_record_lost *lost)
{
	struct sm_cbor_writer w = { out, out + room, false };

	sm_cbor_put_array(&w, 4);
	sm_cbor_put_uint(&w, SM_RECORD_LOST);
	sm_cbor_put_uint(&w, lost->cause);
	sm_cbor_put_uint(&w, lost->count);
	sm_cbor_put_uint(&w, lost->time_ns);
	return finish(&w, out);
}

/* ---------------------------------------------------------------- reading */

static bool get_u32(struct sm_cbor_reader *r, uint64_t max, uint32_t *value)
{
	uint64_t v;

	*value = 0;
	if (sm_cbor_get_uint(r, max, &v) != SM_OK)
		return false;
	*value = (uint32_t)v;
	return true;
}

static bool get_str(struct sm_cbor_reader *r, uint32_t max, struct sm_str *s)
{
	return sm_cbor_get_str(r, s, NULL) == SM_OK && s->len <= max;
}

static bool get_name(struct sm_cbor_reader *r, struct sm_site *site)
{
	uint32_t kind;

	if (sm_cbor_peek(r) != 0) { /* not an unsigned integer */
		site->kind = SM_EVENT_OTHER;
		return get_str(r, SM_STRING_MAX, &site->event);
	}
	if (!get_u32(r, SM_EVENTS - 1, &kind) || kind == SM_EVENT_OTHER)
		return false;
	site->kind = (enum sm_event_kind)kind;
	site->event = sm_catalogue[site->kind].name;
	return true;
}

static bool get_args(struct sm_cbor_reader *r, struct sm_value *values,
		     struct sm_event *e)
{
	uint64_t count;
	uint32_t used;

	if (sm_cbor_get_array(r, SM_ITEMS_MAX, &count) != SM_OK)
		return false;
	used = (uint32_t)count;
	for (uint64_t i = 0; i < count; i++)
		if (sm_cbor_get_value(r, &values[i], values, &used) != SM_OK)
			return false;
	e->args = values;
	e->argc = (uint32_t)count;
	return true;
}

static bool get_decision(struct sm_cbor_reader *r,
			 struct sm_recorded_verdict *verdict)
{
	uint32_t decision;

	if (!get_u32(r, SM_DENIED, &decision))
		return false;
	verdict->decision = (enum sm_decision)decision;
	return true;
}

static bool get_extra(struct sm_cbor_reader *r, enum extra key,
		      struct sm_event *e)
{
	switch (key) {
	case EXTRA_DECISION:
		return get_decision(r, &e->verdict);
	case EXTRA_RULE:
		return get_str(r, SM_STRING_MAX, &e->verdict.rule);
	case EXTRA_SHADOW_DECISION:
		return get_decision(r, &e->shadow);
	case EXTRA_SHADOW_RULE:
		return get_str(r, SM_STRING_MAX, &e->shadow.rule);
	default:
		return get_str(r, SM_STRING_MAX, &e->resolved[key]);
	}
}

/* Keys ascend, so each stands at most once. */
static bool get_extras(struct sm_cbor_reader *r, struct sm_event *e)
{
	uint64_t pairs;
	uint32_t key;
	int last = -1;

	if (sm_cbor_get_map(r, EXTRAS, &pairs) != SM_OK || !pairs)
		return false;
	while (pairs--) {
		if (!get_u32(r, EXTRAS - 1, &key) || (int)key <= last)
			return false;
		last = (int)key;
		if (!get_extra(r, (enum extra)key, e))
			return false;
	}
	return true;
}

static bool get_event(struct sm_cbor_reader *r, uint64_t items,
		      struct sm_value *values, struct sm_record_event *out)
{
	struct sm_event *e = &out->event;
	uint32_t via, kind;

	if ((items != 11 && items != 12) ||
	    sm_cbor_get_uint(r, UINT64_MAX, &e->seq) != SM_OK ||
	    sm_cbor_get_uint(r, UINT64_MAX, &e->time_ns) != SM_OK ||
	    !get_u32(r, UINT32_MAX, &e->thread) || !get_name(r, &e->site) ||
	    !get_args(r, values, e) || !get_u32(r, UINT32_MAX, &out->caller) ||
	    !get_u32(r, UINT32_MAX, &e->site.line) ||
	    !get_u32(r, SM_VIAS - 1, &via) ||
	    !get_u32(r, SM_PRINCIPALS - 1, &kind) ||
	    !get_u32(r, UINT32_MAX, &out->owner))
		return false;
	e->site.via = (enum sm_via)via;
	e->site.principal.kind = (enum sm_principal_kind)kind;
	return items == 11 || get_extras(r, e);
}

static bool get_code(struct sm_cbor_reader *r, uint64_t items,
		     struct sm_record_code *out)
{
	uint32_t kind;

	if (items != 6 || !get_u32(r, UINT32_MAX, &out->id) || !out->id ||
	    !get_str(r, SM_STRING_MAX, &out->file) ||
	    !get_str(r, SM_STRING_MAX, &out->function) ||
	    !get_str(r, SM_STRING_MAX, &out->package) ||
	    !get_u32(r, SM_PRINCIPALS - 1, &kind))
		return false;
	out->kind = (enum sm_principal_kind)kind;
	return true;
}

static bool get_interpreter(struct sm_cbor_reader *r, uint64_t items,
			    struct sm_trace_interpreter *out)
{
	return items == 6 && get_str(r, SM_STRING_MAX, &out->version) &&
	       get_str(r, SM_STRING_MAX, &out->stdlib) &&
	       get_str(r, SM_STRING_MAX, &out->prefix) &&
	       get_str(r, SM_STRING_MAX, &out->home) &&
	       get_str(r, SM_STRING_MAX, &out->tmp);
}

static bool get_lost(struct sm_cbor_reader *r, uint64_t items,
		     struct sm_record_lost *out)
{
	uint32_t cause;

	if (items != 4 || !get_u32(r, SM_LOSSES - 1, &cause) ||
	    sm_cbor_get_uint(r, UINT64_MAX, &out->count) != SM_OK ||
	    sm_cbor_get_uint(r, UINT64_MAX, &out->time_ns) != SM_OK)
		return false;
	out->cause = (enum sm_loss)cause;
	return true;
}

static bool get_policy(struct sm_cbor_reader *r, uint64_t items,
		       struct sm_record_policy *out)
{
	return items == 4 && get_u32(r, UINT32_MAX, &out->generation) &&
	       sm_cbor_get_uint(r, INT64_MAX, &out->seq) == SM_OK &&
	       sm_cbor_get_uint(r, INT64_MAX, &out->time_ns) == SM_OK;
}

static bool get_body(struct sm_cbor_reader *r, uint64_t items,
		     struct sm_value *values, struct sm_record *record)
{
	switch (record->type) {
	case SM_RECORD_EVENT:
		return get_event(r, items, values, &record->event);
	case SM_RECORD_CODE:
		return get_code(r, items, &record->code);
	case SM_RECORD_INTERPRETER:
		return get_interpreter(r, items, &record->interpreter);
	case SM_RECORD_LOST:
		return get_lost(r, items, &record->lost);
	case SM_RECORD_FORGET:
		return items == 1;
	case SM_RECORD_POLICY:
		return get_policy(r, items, &record->policy);
	}
	return false;
}

enum sm_status sm_record_get(const uint8_t *bytes, uint32_t len,
			     struct sm_value *values, struct sm_record *record)
{
	struct sm_cbor_reader r = { bytes, bytes + len };
	uint64_t items;
	uint32_t type;

	memset(record, 0, sizeof(*record));
	if (sm_cbor_get_array(&r, 12, &items) != SM_OK ||
	    !get_u32(&r, SM_RECORD_POLICY, &type))
		return SM_DAMAGED;
	record->type = (enum sm_record_type)type;
	if (!get_body(&r, items, values, record) || r.at != r.end)
		return SM_DAMAGED;
	return SM_OK;
}
