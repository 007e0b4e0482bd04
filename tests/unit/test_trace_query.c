/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_trace_query.c: filters, skimming and keys say what reading says.
 */
#include "schema/trace/bytes.h"
#include "tests/unit/trace_making.h"

/* What sm_trace_query says, said without blocks. */
static bool event_holds(const struct sm_event *e, struct sm_str needle);

static bool str_holds(struct sm_str s, struct sm_str needle)
{
	return s.len && memmem(s.p, s.len, needle.p, needle.len);
}

static bool value_holds(const struct sm_value *v, struct sm_str needle)
{
	if (v->type == SM_LIST) {
		for (uint32_t i = 0; i < v->len; i++)
			if (value_holds(&v->items[i], needle))
				return true;
		return false;
	}
	return str_holds(sm_value_str(v), needle);
}

static bool event_holds(const struct sm_event *e, struct sm_str needle)
{
	const struct sm_site *s = &e->site;

	for (uint32_t i = 0; i < e->argc; i++)
		if (value_holds(&e->args[i], needle))
			return true;
	return str_holds(e->resolved[0], needle) ||
	       str_holds(e->resolved[1], needle) ||
	       str_holds(e->verdict.rule, needle) ||
	       str_holds(e->shadow.rule, needle) ||
	       str_holds(s->event, needle) || str_holds(s->file, needle) ||
	       str_holds(s->function, needle) ||
	       str_holds(s->principal.name, needle) ||
	       str_holds(s->principal.file, needle);
}

static bool matches(const struct sm_trace_query *q, const struct sm_event *e)
{
	return e->time_ns >= q->from_ns &&
	       (!q->to_ns || e->time_ns <= q->to_ns) &&
	       (!q->kinds || q->kinds[e->site.kind]) &&
	       (!q->process || e->process == q->process) &&
	       (!q->denied_only || e->verdict.decision >= SM_WARNED) &&
	       (!q->contains.len || event_holds(e, q->contains));
}

static uint64_t count(struct sm_trace *t, const struct sm_trace_query *given,
		      const struct sm_trace_query *checked, uint64_t *sum)
{
	struct sm_trace_cursor *c;
	const struct sm_event *event;
	struct sm_diag diag = { 0 };
	uint64_t n = 0;
	uint32_t site;

	*sum = 0;
	assert_int_equal(sm_trace_events(t, given, &c, &diag), SM_OK);
	while (sm_trace_next(c, &event, &site, &diag) == SM_OK) {
		if (checked && !matches(checked, event))
			continue;
		n++;
		*sum += digest(event);
	}
	assert_int_equal(diag.status, SM_OK);
	sm_trace_cursor_free(c);
	return n;
}

static void filters_equal_brute_force(void **state)
{
	static bool kinds[SM_EVENTS];
	struct sm_trace_query queries[] = {
		{ .from_ns = 100000000 },
		{ .to_ns = 100000000 },
		{ .from_ns = 700000000, .to_ns = 700400000 },
		{ .kinds = kinds },
		{ .process = 2 },
		{ .process = 9 },
		{ .denied_only = true },
		{ .contains = SM_STR("/usr/lib/python3.11/x49") },
		{ .contains = SM_STR("lambda") },
		{ .contains = SM_STR("not there at all") },
		{ .contains = SM_STR("shop"),
		  .kinds = kinds,
		  .process = 1,
		  .denied_only = true,
		  .from_ns = 5000 },
	};
	struct sm_trace *t;
	uint64_t hits = 0;

	(void)state;
	kinds[SM_EVENT_OTHER] = kinds[SM_EVENT_OPEN] = true;
	start(SM_TRACE_CREATE, 3);
	append(20000);
	commit();
	append(300);
	finish();
	t = open_trace();
	for (unsigned i = 0; i < sizeof(queries) / sizeof(queries[0]); i++) {
		uint64_t want, got, a, b;

		want = count(t, NULL, &queries[i], &a);
		got = count(t, &queries[i], NULL, &b);
		if (want != got || a != b)
			fail_msg("query %u: %lu, not %lu", i,
				 (unsigned long)got, (unsigned long)want);
		hits += got;
	}
	assert_true(hits > 1000);
	sm_trace_close(t);
}

static void skimming_sees_what_reading_sees(void **state)
{
	struct sm_trace *t;
	struct sm_trace_cursor *a, *b;
	const struct sm_event *event;
	struct sm_trace_brief brief;
	struct sm_diag diag;
	uint32_t site, n = 0;

	(void)state;
	start(SM_TRACE_CREATE, 2);
	append(17000);
	finish();
	t = open_trace();
	assert_int_equal(sm_trace_events(t, NULL, &a, &diag), SM_OK);
	assert_int_equal(sm_trace_events(t, NULL, &b, &diag), SM_OK);
	while (sm_trace_next(a, &event, &site, &diag) == SM_OK) {
		assert_int_equal(sm_trace_skim(b, &brief, &diag), SM_OK);
		assert_int_equal(brief.seq, event->seq);
		assert_int_equal(brief.time_ns, event->time_ns);
		assert_int_equal(brief.process, event->process);
		assert_int_equal(brief.site_id, site);
		assert_int_equal(brief.key, sm_trace_key(a));
		assert_int_equal(brief.decision, event->verdict.decision);
		assert_true(data_events_equal(sm_trace_event(b), event));
		n++;
	}
	assert_int_equal(n, 17000);
	assert_int_equal(sm_trace_skim(b, &brief, &diag), SM_END);
	sm_trace_cursor_free(a);
	sm_trace_cursor_free(b);
	sm_trace_close(t);
}

/* What a pass over a trace adds up, in any order. */
static uint64_t digest_of(uint32_t site, uint64_t key,
			  const struct sm_trace_when *when)
{
	uint64_t h = sm_mix(site, key);

	h = sm_mix(h, when->time_ns);
	h = sm_mix(h, when->seq);
	return sm_mix(h, (uint64_t)when->process << 32 | when->thread);
}

/* What a bulk says of all its events is true of each; their digest. */
static uint64_t digest_bulk(struct sm_trace_cursor *c,
			    const struct sm_trace_bulk *bulk)
{
	const struct sm_trace_whens *whens = bulk->whens;
	uint64_t last_ns[4] = { 0 }, digest = 0;

	for (uint32_t i = 0; i < bulk->count; i++) {
		uint16_t row = bulk->rows[i];
		struct sm_trace_when when;

		assert_true(sm_trace_bulk_when(c, i, &when));
		assert_int_equal(whens->times_ns[row], when.time_ns);
		assert_int_equal(whens->process ? whens->process
						: whens->processes[row],
				 when.process);
		assert_true(!i || row > bulk->rows[i - 1]);
		if (bulk->is_one)
			assert_int_equal(bulk->keys[i], bulk->keys[0]);
		if (whens->ascends)
			assert_true(when.time_ns >= last_ns[when.process]);
		last_ns[when.process] = when.time_ns;
		digest += digest_of(bulk->site_id, bulk->keys[i], &when);
	}
	return digest;
}

static void expect_bulks(uint32_t processes)
{
	struct sm_trace *t;
	struct sm_trace_cursor *a, *b;
	const struct sm_event *event;
	struct sm_trace_bulk bulk;
	struct sm_diag diag;
	uint64_t want = 0, got = 0;
	uint32_t site, n = 0, m = 0;

	start(SM_TRACE_FORCE, processes);
	append(33000);
	finish();
	t = open_trace();
	assert_int_equal(sm_trace_events(t, NULL, &a, &diag), SM_OK);
	for (; sm_trace_next(a, &event, &site, &diag) == SM_OK; n++) {
		const struct sm_trace_when when = { event->time_ns, event->seq,
						    event->process,
						    event->thread };

		want += digest_of(site, sm_trace_key(a), &when);
	}
	assert_int_equal(sm_trace_events(t, NULL, &b, &diag), SM_OK);
	sm_trace_bulk_with_whens(b);
	for (; sm_trace_bulk(b, &bulk, &diag) == SM_OK; m += bulk.count) {
		assert_int_equal(bulk.whens->process != 0, processes == 1);
		got += digest_bulk(b, &bulk);
	}
	assert_int_equal(n, 33000);
	assert_int_equal(m, n);
	assert_int_equal(got, want);
	sm_trace_cursor_free(a);
	sm_trace_cursor_free(b);
	sm_trace_close(t);
}

static void bulks_hold_what_reading_sees(void **state)
{
	(void)state;
	expect_bulks(1);
	expect_bulks(3);
}

/* One open of each kind: what decides it changes its key, nothing else. */
static uint64_t key_of(struct sm_trace *t, uint32_t n)
{
	struct sm_trace_cursor *c;
	const struct sm_event *event;
	struct sm_diag diag;
	uint64_t key;
	uint32_t site;

	assert_int_equal(sm_trace_events(t, NULL, &c, &diag), SM_OK);
	do
		assert_int_equal(sm_trace_next(c, &event, &site, &diag), SM_OK);
	while (n--);
	key = sm_trace_key(c);
	sm_trace_cursor_free(c);
	return key;
}

static void put_open(const char *file, const char *mode, int64_t flags,
		     const char *resolved, uint8_t type)
{
	struct sm_value v[3] = {
		{ .type = type, .s = file, .len = (uint32_t)strlen(file) },
		{ .type = SM_TEXT, .s = mode, .len = (uint32_t)strlen(mode) },
		{ .type = SM_INT, .i = flags },
	};
	struct sm_event e = { .seq = ++making.seq[0],
			      .time_ns = making.seq[0] * 1000,
			      .process = 1,
			      .thread = 7,
			      .argc = 3,
			      .args = v };

	v[0].full_len = v[0].len;
	v[1].full_len = v[1].len;
	e.resolved[0] = sm_str_of(resolved);
	assert_int_equal(sm_trace_append(making.w, making.sites[0], &e), SM_OK);
}

static void keys_are_equal_when_what_decides_is(void **state)
{
	struct sm_trace *t;

	(void)state;
	start(SM_TRACE_CREATE, 1);
	put_open("/a", "r", 0, "", SM_TEXT);
	put_open("/a", "rb", 0, "", SM_TEXT);
	put_open("/b", "r", 0, "", SM_TEXT);
	put_open("/a", "r", 1, "", SM_TEXT);
	put_open("/a", "r", 0, "/b", SM_TEXT);
	put_open("/a", "r", 0, "", SM_OPAQUE);
	finish();
	t = open_trace();
	assert_int_equal(key_of(t, 0), key_of(t, 1));
	for (uint32_t i = 2; i < 6; i++)
		assert_int_not_equal(key_of(t, 0), key_of(t, i));
	sm_trace_close(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup(name, fresh)
		TEST(filters_equal_brute_force),
		TEST(skimming_sees_what_reading_sees),
		TEST(bulks_hold_what_reading_sees),
		TEST(keys_are_equal_when_what_decides_is),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
