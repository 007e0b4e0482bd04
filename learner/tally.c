/* SPDX-License-Identifier: Apache-2.0 */
#include "learner/tally.h"

/* ------------------------------------------------------------------- times */

static void end_step(struct sm_tally *t)
{
	struct sm_step *step = &t->step;

	if (step->count)
		sm_observe_events(t->o, step->owner, &step->span, step->count);
	step->count = 0;
}

/* Makes the step that owner's event at time_ns falls into the current one. */
static void begin_step(struct sm_tally *t, uint32_t owner, uint64_t time_ns)
{
	uint64_t below;

	end_step(t);
	below = (UINT64_C(1)
		 << sm_timeline_shift(&t->o->owners[owner].recorded->events)) -
		1;
	t->step = (struct sm_step){ .owner = owner,
				    .from_ns = time_ns & ~below,
				    .to_ns = time_ns | below,
				    .span = sm_span_of(time_ns) };
}

static inline bool is_in_step(const struct sm_step *step, uint64_t time_ns)
{
	return time_ns >= step->from_ns && time_ns <= step->to_ns;
}

/* Events of a bulk, one after the other, by the same process. */
struct stretch {
	uint32_t from, to, process;
	struct sm_span span; /* CLOCK_REALTIME */
};

static inline uint64_t time_of(const struct sm_tally *t,
			       const struct sm_trace_bulk *bulk, uint32_t at)
{
	return bulk->whens->times_ns[bulk->rows[at]] + t->offset_ns;
}

/* count events of owner from and until these times, both in one step. */
static void add_times(struct sm_tally *t, uint32_t owner,
		      const struct sm_span *span, uint32_t count)
{
	if (t->step.owner != owner || !is_in_step(&t->step, span->first_ns))
		begin_step(t, owner, span->first_ns);
	sm_span_merge(&t->step.span, span);
	t->step.count += count;
}

/* Where the step of the event at `from` ends; times ascend. */
static uint32_t end_of_step(const struct sm_tally *t, uint32_t owner,
			    const uint64_t *times_ns, uint32_t from,
			    uint32_t end)
{
	unsigned shift =
		sm_timeline_shift(&t->o->owners[owner].recorded->events);
	uint64_t last = (times_ns[from] + t->offset_ns) >> shift;
	uint32_t low = from + 1, high = end;

	if ((times_ns[end - 1] + t->offset_ns) >> shift == last)
		return end;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if ((times_ns[middle] + t->offset_ns) >> shift == last)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void add_row_times(struct sm_tally *t, uint32_t owner,
			  const struct sm_trace_whens *whens, uint32_t from,
			  uint32_t end)
{
	while (from < end) {
		uint32_t to = whens->ascends
				      ? end_of_step(t, owner, whens->times_ns,
						    from, end)
				      : from + 1;
		const struct sm_span span = {
			whens->times_ns[from] + t->offset_ns,
			whens->times_ns[to - 1] + t->offset_ns
		};

		add_times(t, owner, &span, to - from);
		from = to;
	}
}

/* ------------------------------------------------------------------- calls */

/* The call of event number at; NULL: damaged, or *status. */
static struct sm_seen_call *see(struct sm_tally *t, uint64_t key, uint32_t at,
				enum sm_status *status)
{
	const struct sm_event *event = sm_trace_bulk_event(t->cursor, at);
	struct sm_seen_call new = { 0 };

	if (!event) /* told by the next sm_trace_bulk() */
		return NULL;
	new.is_forged = sm_observe_is_forged(event);
	if (!new.is_forged)
		*status = sm_observe_call(t->o, event, &new.call);
	if (new.call)
		new.families = sm_observe_families(event);
	return *status ? NULL : sm_seen_add(&t->seen, key, &new, status);
}

/* Who makes a call is told once, or, of many processes, each time. */
static inline void add_maker(struct sm_tally *t, struct sm_seen_call *seen,
			     struct sm_maker *maker)
{
	uint64_t bit = maker->owner < 64 ? UINT64_C(1) << maker->owner : 0;

	if (seen->makers & bit || !seen->call)
		return;
	sm_observe_maker(t->o, seen->call, maker->owner);
	maker->families |= seen->families;
	seen->makers |= bit;
}

static inline enum sm_status add_call(struct sm_tally *t,
				      const struct sm_trace_bulk *bulk,
				      const struct stretch *s,
				      struct sm_maker *maker)
{
	uint64_t key = bulk->keys[s->from] ^ maker->named;
	struct sm_seen_call *seen = sm_seen_find(&t->seen, key);
	enum sm_status status = SM_OK;

	if (!seen)
		seen = see(t, key, s->from, &status);
	if (!seen)
		return status;
	add_maker(t, seen, maker);
	if (seen->is_forged)
		t->o->forged += s->to - s->from;
	if (seen->call)
		sm_observe_count(seen->call, &s->span, s->to - s->from);
	return SM_OK;
}

/* -------------------------------------------------------------- stretches */

static inline enum sm_status add_stretch(struct sm_tally *t,
					 const struct sm_trace_bulk *bulk,
					 const struct stretch *s,
					 struct sm_maker *maker)
{
	if (bulk->decision != SM_DENIED)
		return add_call(t, bulk, s, maker);
	t->o->denied += s->to - s->from;
	return SM_OK;
}

static bool is_in_window(const struct sm_tally *t, uint64_t time_ns)
{
	return time_ns >= t->window->from_ns &&
	       (!t->window->to_ns || time_ns <= t->window->to_ns);
}

/* What follows a denial is not what the program usually does. */
static bool is_follower(const struct sm_tally *t,
			const struct sm_trace_when *when)
{
	const struct sm_event event = { .process = when->process,
					.seq = when->seq };

	return !t->window->takes_followers &&
	       sm_trace_is_after_denial(t->trace, &event);
}

/* Whether each of a process's events may have to be left out. */
static inline bool is_picky(const struct sm_tally *t,
			    const struct sm_maker *maker)
{
	return t->window->from_ns || t->window->to_ns ||
	       (!t->window->takes_followers && maker->info->after_denial);
}

/* As add_stretch(), of events each of which may have to be left out. */
static enum sm_status pick(struct sm_tally *t, const struct sm_trace_bulk *bulk,
			   const struct stretch *s, struct sm_maker *maker)
{
	enum sm_status status = SM_OK;

	for (uint32_t at = s->from; !status && at < s->to; at++) {
		const struct stretch one = { at, at + 1, s->process,
					     sm_span_of(time_of(t, bulk, at)) };
		struct sm_trace_when when;

		if (!sm_trace_bulk_when(t->cursor, at, &when))
			return SM_OK; /* told by the next sm_trace_bulk() */
		if (!is_in_window(t, when.time_ns))
			continue;
		add_times(t, maker->owner, &one.span, 1);
		if (bulk->decision != SM_DENIED && is_follower(t, &when))
			t->o->followers++;
		else
			status = add_stretch(t, bulk, &one, maker);
	}
	return status;
}

/* Events from number from on whose time is all that differs: where they end. */
static inline uint32_t end_of(const struct sm_trace_bulk *bulk, uint32_t from)
{
	const uint32_t *processes = bulk->whens->processes;
	uint32_t at = from + 1, count = bulk->count;
	uint64_t key = bulk->keys[from];

	if (bulk->whens->process) {
		if (bulk->is_one)
			return count;
		while (at < count && bulk->keys[at] == key)
			at++;
		return at;
	}
	while (at < count && bulk->keys[at] == key &&
	       processes[bulk->rows[at]] == processes[bulk->rows[from]])
		at++;
	return at;
}

static inline struct stretch find_stretch(const struct sm_tally *t,
					  const struct sm_trace_bulk *bulk,
					  uint32_t from)
{
	const struct sm_trace_whens *whens = bulk->whens;
	struct stretch s = { .from = from, .to = end_of(bulk, from) };

	s.process = whens->process ? whens->process
				   : whens->processes[bulk->rows[from]];
	s.span = sm_span_of(time_of(t, bulk, from));
	sm_span_add(&s.span, time_of(t, bulk, s.to - 1));
	for (uint32_t at = from; !whens->ascends && at < s.to; at++)
		sm_span_add(&s.span, time_of(t, bulk, at));
	return s;
}

static struct sm_maker *maker_of(const struct sm_tally *t, uint32_t process)
{
	return &t->makers[process <= t->maker_count ? process : 0];
}

/* Of a whole block at once: of what is picked from it each by itself. */
static void add_block_times(struct sm_tally *t,
			    const struct sm_trace_bulk *bulk)
{
	const struct sm_trace_whens *whens = bulk->whens;
	uint32_t at = bulk->first_row, end = bulk->end_row;

	while (at < end) {
		uint32_t from = at, process = whens->process;
		const struct sm_maker *maker;

		if (process)
			at = end;
		else
			for (process = whens->processes[at];
			     at < end && whens->processes[at] == process;)
				at++;
		maker = maker_of(t, process);
		if (maker->owner != SM_NOBODY && !is_picky(t, maker))
			add_row_times(t, maker->owner, whens, from, at);
	}
}

static enum sm_status add_bulk(struct sm_tally *t,
			       const struct sm_trace_bulk *bulk)
{
	enum sm_status status = SM_OK;

	add_block_times(t, bulk);
	for (uint32_t at = 0; !status && at < bulk->count;) {
		struct stretch s = find_stretch(t, bulk, at);
		struct sm_maker *maker = maker_of(t, s.process);

		if (maker->owner != SM_NOBODY)
			status = is_picky(t, maker)
					 ? pick(t, bulk, &s, maker)
					 : add_stretch(t, bulk, &s, maker);
		at = s.to;
	}
	return status;
}

static enum sm_status add_all(struct sm_tally *t, struct sm_diag *diag)
{
	struct sm_trace_bulk bulk;
	enum sm_status status;

	for (;;) {
		status = sm_trace_bulk(t->cursor, &bulk, diag);
		if (status == SM_END)
			return SM_OK;
		if (status == SM_DAMAGED) {
			t->o->missed.all++;
			t->o->missed.anywhere++;
			continue;
		}
		if (status == SM_OK)
			status = add_bulk(t, &bulk);
		if (status == SM_LIMIT)
			return sm_fail(diag, status,
				       "more than %u distinct calls; learn "
				       "from fewer traces at once",
				       SM_CALLS_MAX);
		if (status != SM_OK)
			return status;
	}
}

enum sm_status sm_tally_events(struct sm_tally *t, struct sm_diag *diag)
{
	const struct sm_trace_query query = { .from_ns = t->window->from_ns,
					      .to_ns = t->window->to_ns };
	enum sm_status status = SM_NOMEM;

	t->step.owner = SM_NOBODY;
	if (sm_seen_init(&t->seen))
		status = sm_trace_events(t->trace, &query, &t->cursor, diag);
	if (status == SM_OK) {
		sm_trace_bulk_with_whens(t->cursor);
		status = add_all(t, diag);
		end_step(t);
		sm_trace_cursor_free(t->cursor);
	}
	sm_seen_fini(&t->seen);
	return status;
}
