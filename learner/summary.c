/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A set of observations as bytes, for recordings too large or too private to
 * carry about: a CBOR sequence (RFC 8742), see `summary` in schema/event.cddl.
 * The same set gives the same bytes.
 */
#include <stdlib.h>

#include "learner/observe.h"
#include "schema/cbor.h"

#define MAGIC	    "secmgr-summary"
#define FORMAT	    8
#define HEADER	    (13 + SM_FAMILIES) /* items of the first array */
#define RUN_ITEMS   8
#define OWNER_ITEMS 17
#define CALL_ITEMS  7
#define ITEM_BYTES  4096 /* of anything, strings aside */
#define COUNT_MAX   (1u << 24)

/* -------------------------------------------------------------------- writing
 */

struct sink {
	uint8_t *bytes;
	size_t used, room;
	struct sm_cbor_writer w;
};

/* Room for one item with strings of so many bytes; false: out of memory. */
static bool begin(struct sink *sink, size_t strings)
{
	size_t wanted = sink->used + ITEM_BYTES + strings;
	uint8_t *bytes;

	if (wanted > sink->room) {
		wanted = wanted < 2 * sink->room ? 2 * sink->room : wanted;
		bytes = realloc(sink->bytes, wanted);
		if (!bytes)
			return false;
		sink->bytes = bytes;
		sink->room = wanted;
	}
	sink->w = (struct sm_cbor_writer){ sink->bytes + sink->used,
					   sink->bytes + sink->room, false };
	return true;
}

static void end(struct sink *sink)
{
	sink->used = (size_t)(sink->w.at - sink->bytes);
}

static void put_header(struct sm_cbor_writer *w,
		       const struct sm_observations *o)
{
	sm_cbor_put_array(w, HEADER);
	sm_cbor_put_str(w, SM_STR(MAGIC));
	sm_cbor_put_uint(w, FORMAT);
	sm_cbor_put_uint(w, o->trace_count);
	sm_cbor_put_uint(w, o->run_count);
	sm_cbor_put_uint(w, o->owner_count);
	sm_cbor_put_uint(w, o->call_count);
	sm_cbor_put_uint(w, o->installed_count);
	sm_cbor_put_uint(w, o->events);
	sm_cbor_put_uint(w, o->denied);
	sm_cbor_put_uint(w, o->forged);
	sm_cbor_put_uint(w, o->followers);
	sm_cbor_put_uint(w, o->missed.all);
	sm_cbor_put_uint(w, o->missed.anywhere);
	for (int i = 0; i < SM_FAMILIES; i++)
		sm_cbor_put_uint(w, o->missed.by[i]);
}

static void put_run(struct sm_cbor_writer *w, const struct sm_run *run)
{
	sm_cbor_put_array(w, RUN_ITEMS);
	sm_cbor_put_uint(w, run->identity);
	sm_cbor_put_uint(w, run->host);
	sm_cbor_put_uint(w, run->trace);
	sm_cbor_put_uint(w, run->first_ns);
	sm_cbor_put_uint(w, run->last_ns);
	sm_cbor_put_uint(w, run->events.shift);
	sm_cbor_put_uint(w, run->events.start);
	sm_cbor_put_array(w, run->events.used);
	for (unsigned i = 0; i < run->events.used; i++)
		sm_cbor_put_uint(w, run->events.counts[i]);
}

static size_t owner_bytes(const struct sm_owner *owner)
{
	return (size_t)owner->exe.len + owner->cwd.len + owner->script.len +
	       owner->stdlib.len + owner->prefix.len + owner->home.len +
	       owner->tmp.len + owner->given.len;
}

static void put_owner(struct sm_cbor_writer *w, const struct sm_owner *owner)
{
	sm_cbor_put_array(w, OWNER_ITEMS);
	sm_cbor_put_uint(w, owner->run);
	sm_cbor_put_uint(w, owner->identity);
	sm_cbor_put_uint(w, owner->role);
	sm_cbor_put_uint(w, owner->events);
	sm_cbor_put_uint(w, owner->start_ns);
	sm_cbor_put_uint(w, owner->pid);
	sm_cbor_put_uint(w, owner->guest_pid);
	sm_cbor_put_uint(w, owner->parent_pid);
	sm_cbor_put_uint(w, owner->python);
	sm_cbor_put_str(w, owner->exe);
	sm_cbor_put_str(w, owner->cwd);
	sm_cbor_put_str(w, owner->script);
	sm_cbor_put_str(w, owner->stdlib);
	sm_cbor_put_str(w, owner->prefix);
	sm_cbor_put_str(w, owner->home);
	sm_cbor_put_str(w, owner->tmp);
	sm_cbor_put_str(w, owner->given);
}

static void put_sketch(struct sm_cbor_writer *w, const struct sm_sketch *sketch)
{
	sm_cbor_put_array(w, sketch->count);
	for (uint32_t i = 0; i < sketch->count; i++)
		sm_cbor_put_uint(w, sketch->hash[i]);
}

static void put_call(struct sm_cbor_writer *w, const struct sm_call *call)
{
	sm_cbor_put_array(w, CALL_ITEMS);
	sm_cbor_put_str(w, call->key);
	sm_cbor_put_uint(w, call->count);
	sm_cbor_put_uint(w, call->first_ns);
	sm_cbor_put_uint(w, call->last_ns);
	put_sketch(w, &call->runs);
	put_sketch(w, &call->owners);
	put_sketch(w, &call->hosts);
}

static int by_identity(const void *a, const void *b)
{
	const struct sm_owner *x = *(const struct sm_owner *const *)a;
	const struct sm_owner *y = *(const struct sm_owner *const *)b;

	return sm_by_number(&x->identity, &y->identity);
}

static int by_key(const void *a, const void *b)
{
	const struct sm_call *x = *(const struct sm_call *const *)a;
	const struct sm_call *y = *(const struct sm_call *const *)b;

	return sm_str_compare(x->key, y->key);
}

/* Everything in an order of its own, in arena. */
struct sorted {
	uint64_t *traces;
	const struct sm_owner **owners;
	const struct sm_call **calls;
};

static bool sort(const struct sm_observations *o, struct sm_arena *arena,
		 struct sorted *s)
{
	size_t n = 0;

	s->traces =
		sm_arena_take(arena, (o->trace_count + 1) * sizeof(*s->traces));
	s->owners =
		sm_arena_take(arena, (o->owner_count + 1) * sizeof(*s->owners));
	s->calls =
		sm_arena_take(arena, (o->call_count + 1) * sizeof(*s->calls));
	if (!s->traces || !s->owners || !s->calls)
		return false;
	for (size_t i = 0; i < o->trace_count; i++)
		s->traces[i] = o->traces[i];
	for (size_t i = 0; i < o->owner_count; i++)
		s->owners[i] = &o->owners[i];
	for (size_t i = 0; i < o->call_room; i++)
		if (o->calls[i])
			s->calls[n++] = o->calls[i];
	qsort(s->traces, o->trace_count, sizeof(*s->traces), sm_by_number);
	qsort(s->owners, o->owner_count, sizeof(*s->owners), by_identity);
	qsort(s->calls, n, sizeof(*s->calls), by_key);
	return true;
}

static bool put_all(struct sink *sink, const struct sm_observations *o,
		    const struct sorted *s)
{
	if (!begin(sink, 0))
		return false;
	put_header(&sink->w, o);
	end(sink);
	for (size_t i = 0; i < o->trace_count; i++, end(sink)) {
		if (!begin(sink, 0))
			return false;
		sm_cbor_put_uint(&sink->w, s->traces[i]);
	}
	for (size_t i = 0; i < o->run_count; i++, end(sink)) {
		if (!begin(sink, 0))
			return false;
		put_run(&sink->w, o->runs[i]);
	}
	for (size_t i = 0; i < o->owner_count; i++, end(sink)) {
		if (!begin(sink, owner_bytes(s->owners[i])))
			return false;
		put_owner(&sink->w, s->owners[i]);
	}
	for (size_t i = 0; i < o->call_count; i++, end(sink)) {
		if (!begin(sink, s->calls[i]->key.len))
			return false;
		put_call(&sink->w, s->calls[i]);
	}
	for (size_t i = 0; i < o->installed_count; i++, end(sink)) {
		if (!begin(sink, o->installed[i].len))
			return false;
		sm_cbor_put_str(&sink->w, o->installed[i]);
	}
	return true;
}

enum sm_status sm_summary_write(const struct sm_observations *observations,
				uint8_t **bytes, size_t *size)
{
	struct sink sink = { .bytes = NULL };
	struct sm_arena arena = { 0 };
	struct sorted sorted;
	bool done = sort(observations, &arena, &sorted) &&
		    put_all(&sink, observations, &sorted);

	sm_arena_fini(&arena);
	if (!done) {
		free(sink.bytes);
		return SM_NOMEM;
	}
	*bytes = sink.bytes;
	*size = sink.used;
	return SM_OK;
}

/* -------------------------------------------------------------------- reading
 */

bool sm_summary_is(const uint8_t *bytes, size_t size)
{
	static const uint8_t head[] = "\x6e" MAGIC;

	/* An array of some length: that is the version's business. */
	return size >= sizeof(head) && bytes[0] >> 5 == 4 &&
	       !memcmp(bytes + 1, head, sizeof(head) - 1);
}

struct counts {
	uint64_t traces, runs, owners, calls, installed;
};

static bool get_uint(struct sm_cbor_reader *r, uint64_t max, uint64_t *value)
{
	return sm_cbor_get_uint(r, max, value) == SM_OK;
}

static bool get_number(struct sm_cbor_reader *r, uint64_t *value)
{
	return get_uint(r, UINT64_MAX, value);
}

static bool get_items(struct sm_cbor_reader *r, uint64_t wanted)
{
	uint64_t items;

	return sm_cbor_get_array(r, wanted, &items) == SM_OK && items == wanted;
}

static bool get_str(struct sm_cbor_reader *r, struct sm_str *text)
{
	return sm_cbor_get_str(r, text, NULL) == SM_OK;
}

static bool get_missed(struct sm_cbor_reader *r, struct sm_missed *missed)
{
	bool is_read =
		get_number(r, &missed->all) && get_number(r, &missed->anywhere);

	for (int i = 0; i < SM_FAMILIES; i++)
		is_read = is_read && get_number(r, &missed->by[i]);
	return is_read;
}

static enum sm_status get_header(struct sm_cbor_reader *r,
				 struct sm_observations *o, struct counts *c)
{
	uint64_t items, format;
	struct sm_str magic;

	if (sm_cbor_get_array(r, COUNT_MAX, &items) != SM_OK ||
	    !get_str(r, &magic) || !get_number(r, &format))
		return SM_DAMAGED;
	if (format != FORMAT)
		return SM_VERSION;
	if (items != HEADER)
		return SM_DAMAGED;
	return get_uint(r, COUNT_MAX, &c->traces) &&
			       get_uint(r, COUNT_MAX, &c->runs) &&
			       get_uint(r, COUNT_MAX, &c->owners) &&
			       get_uint(r, SM_CALLS_MAX, &c->calls) &&
			       get_uint(r, SM_INSTALLED_MAX, &c->installed) &&
			       get_number(r, &o->events) &&
			       get_number(r, &o->denied) &&
			       get_number(r, &o->forged) &&
			       get_number(r, &o->followers) &&
			       get_missed(r, &o->missed)
		       ? SM_OK
		       : SM_DAMAGED;
}

static bool get_timeline(struct sm_cbor_reader *r, struct sm_timeline *line)
{
	uint64_t shift, used;

	if (!get_uint(r, 57, &shift) ||
	    !get_uint(r, (UINT64_MAX >> shift) - SM_TIMELINE_BUCKETS,
		      &line->start) ||
	    sm_cbor_get_array(r, SM_TIMELINE_BUCKETS, &used) != SM_OK)
		return false;
	line->shift = (unsigned)shift;
	line->used = (unsigned)used;
	for (unsigned i = 0; i < line->used; i++)
		if (!get_number(r, &line->counts[i]))
			return false;
	return true;
}

static enum sm_status get_run(struct sm_cbor_reader *r,
			      struct sm_observations *o)
{
	struct sm_run run = { 0 }, *mine;

	if (!get_items(r, RUN_ITEMS) || !get_number(r, &run.identity) ||
	    !get_number(r, &run.host) || !get_number(r, &run.trace) ||
	    !get_number(r, &run.first_ns) || !get_number(r, &run.last_ns) ||
	    !get_timeline(r, &run.events) ||
	    sm_observations_find_run(o, run.identity))
		return SM_DAMAGED;
	mine = sm_observe_run(o, run.identity);
	if (!mine)
		return SM_NOMEM;
	*mine = run;
	return SM_OK;
}

static enum sm_status get_owner(struct sm_cbor_reader *r,
				struct sm_observations *o)
{
	struct sm_owner owner = { 0 };
	uint64_t pid, guest_pid, parent_pid, python;
	enum sm_status status;
	uint32_t number;
	size_t before = o->owner_count;

	if (!get_items(r, OWNER_ITEMS) || !get_number(r, &owner.run) ||
	    !get_number(r, &owner.identity) || !get_number(r, &owner.role) ||
	    !get_number(r, &owner.events) || !get_number(r, &owner.start_ns) ||
	    !get_uint(r, UINT32_MAX, &pid) ||
	    !get_uint(r, UINT32_MAX, &guest_pid) ||
	    !get_uint(r, UINT32_MAX, &parent_pid) ||
	    !get_uint(r, SM_PYTHONS - 1, &python) || !get_str(r, &owner.exe) ||
	    !get_str(r, &owner.cwd) || !get_str(r, &owner.script) ||
	    !get_str(r, &owner.stdlib) || !get_str(r, &owner.prefix) ||
	    !get_str(r, &owner.home) || !get_str(r, &owner.tmp) ||
	    !get_str(r, &owner.given) ||
	    !sm_observations_find_run(o, owner.run))
		return SM_DAMAGED;
	owner.pid = (uint32_t)pid;
	owner.guest_pid = (uint32_t)guest_pid;
	owner.parent_pid = (uint32_t)parent_pid;
	owner.python = (uint32_t)python;
	status = sm_observe_owner(o, &owner, &number);
	if (status == SM_OK && o->owner_count == before)
		return SM_DAMAGED;
	if (status == SM_OK)
		o->owners[number].events = owner.events;
	return status;
}

static bool get_sketch(struct sm_cbor_reader *r, struct sm_sketch *sketch)
{
	uint64_t count;

	if (sm_cbor_get_array(r, SM_SKETCH_MAX, &count) != SM_OK)
		return false;
	for (sketch->count = 0; sketch->count < count; sketch->count++) {
		uint64_t *hash = &sketch->hash[sketch->count];

		if (!get_number(r, hash) ||
		    (sketch->count && hash[0] <= hash[-1]))
			return false;
	}
	return true;
}

/* That the key is one: it is trusted from here on. */
static enum sm_status check_key(const struct sm_call *call)
{
	struct sm_arena arena = { 0 };
	struct sm_event event;
	bool is_event = sm_call_event(call, &arena, &event);

	sm_arena_fini(&arena);
	return is_event ? SM_OK : SM_DAMAGED;
}

static enum sm_status get_call(struct sm_cbor_reader *r,
			       struct sm_observations *o)
{
	struct sm_call call = { 0 }, *mine;
	size_t before = o->call_count;
	enum sm_status status;

	if (!get_items(r, CALL_ITEMS) || !get_str(r, &call.key) ||
	    !get_number(r, &call.count) || !get_number(r, &call.first_ns) ||
	    !get_number(r, &call.last_ns) || !get_sketch(r, &call.runs) ||
	    !get_sketch(r, &call.owners) || !get_sketch(r, &call.hosts))
		return SM_DAMAGED;
	status = check_key(&call);
	if (status == SM_OK)
		status = sm_observe_find(o, call.key, &mine);
	if (status != SM_OK)
		return status;
	if (o->call_count == before)
		return SM_DAMAGED;
	mine->count = call.count;
	mine->first_ns = call.first_ns;
	mine->last_ns = call.last_ns;
	mine->runs = call.runs;
	mine->owners = call.owners;
	mine->hosts = call.hosts;
	return SM_OK;
}

static enum sm_status get_trace(struct sm_cbor_reader *r,
				struct sm_observations *o)
{
	uint64_t id;

	if (!get_number(r, &id))
		return SM_DAMAGED;
	return sm_observations_add_trace(o, id) ? SM_OK : SM_NOMEM;
}

static enum sm_status get_installed(struct sm_cbor_reader *r,
				    struct sm_observations *o)
{
	size_t before = o->installed_count;
	enum sm_status status;
	struct sm_str line;

	if (!get_str(r, &line) || line.len > SM_INSTALLED_BYTES)
		return SM_DAMAGED;
	status = sm_observe_installed(o, line);
	return status == SM_OK && o->installed_count == before ? SM_DAMAGED
							       : status;
}

typedef enum sm_status get_item(struct sm_cbor_reader *r,
				struct sm_observations *o);

static enum sm_status get_all(struct sm_cbor_reader *r,
			      struct sm_observations *o)
{
	struct counts c;
	enum sm_status status = get_header(r, o, &c);
	const struct {
		uint64_t count;
		get_item *get;
	} parts[] = { { c.traces, get_trace },
		      { c.runs, get_run },
		      { c.owners, get_owner },
		      { c.calls, get_call },
		      { c.installed, get_installed } };

	for (size_t p = 0; status == SM_OK && p < 5; p++)
		for (uint64_t i = 0; status == SM_OK && i < parts[p].count; i++)
			status = parts[p].get(r, o);
	if (status == SM_OK && r->at != r->end)
		return SM_DAMAGED;
	return status;
}

enum sm_status sm_summary_read(const uint8_t *bytes, size_t size,
			       struct sm_observations *into,
			       struct sm_diag *diag)
{
	struct sm_cbor_reader r = { bytes, bytes + size };
	struct sm_observations *from = sm_observations_new();
	enum sm_status status = from ? get_all(&r, from) : SM_NOMEM;

	if (status == SM_OK)
		status = sm_observations_merge(into, from);
	sm_observations_free(from);
	switch (status) {
	case SM_OK:
		return status;
	case SM_VERSION:
		return sm_fail(diag, status,
			       "a summary of another version of secmgr-learn; "
			       "make it anew from the traces");
	case SM_NOMEM:
		return sm_fail(diag, status, "out of memory");
	case SM_LIMIT:
		return sm_fail(diag, status, "more than %u distinct calls",
			       SM_CALLS_MAX);
	default:
		return sm_fail(diag, status,
			       "damaged at byte %zu; make it anew from the "
			       "traces",
			       (size_t)(r.at - bytes));
	}
}
