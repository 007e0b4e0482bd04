/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/trace_data.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "schema/trace/db.h"

static char dir[] = "/tmp/test_trace.XXXXXX";
static char path[64];

static int make_dir(void **state)
{
	(void)state;
	if (!mkdtemp(dir))
		return -1;
	snprintf(path, sizeof(path), "%s/trace.db", dir);
	return 0;
}

static int remove_dir(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command);
}

static int fresh(void **state)
{
	static const char *const tails[] = { "", "-wal", "-shm", "-journal" };
	char name[80];

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		snprintf(name, sizeof(name), "%s%s", path, tails[i]);
		unlink(name);
	}
	data_state = 88172645463325252u;
	return 0;
}

enum { SITES = 60 };

/* A trace of n events in processes 1..processes; the same for the same n. */
struct making {
	struct sm_trace_writer *w;
	uint32_t sites[SITES], processes;
	uint64_t seq[16], time_ns;
	struct data_event d;
};

static struct making making;

static void start(enum sm_trace_open_mode mode, uint32_t processes)
{
	making.w = data_writer(path, mode);
	making.processes = processes;
	making.time_ns = 1000000;
	memset(making.seq, 0, sizeof(making.seq));
	for (uint32_t i = 0; i < processes; i++)
		data_process(making.w);
	for (uint32_t i = 0; i < SITES; i++) {
		struct sm_site s = data_site(i);

		assert_int_equal(
			sm_trace_intern_site(making.w, &s, &making.sites[i]),
			SM_OK);
	}
}

static const struct sm_event *make(void)
{
	uint32_t site = data_below(SITES), p = data_below(making.processes);

	data_event(&making.d, site);
	making.time_ns += data_below(100000);
	making.d.event.process = p + 1;
	making.d.event.thread = 4000 + data_below(2);
	making.d.event.time_ns = making.time_ns;
	making.seq[p] += data_below(50) ? 1 : 2 + data_below(100);
	making.d.event.seq = making.seq[p];
	return &making.d.event;
}

static uint32_t site_of(const struct sm_event *event)
{
	for (uint32_t i = 0; i < SITES; i++) {
		struct sm_site s = data_site(i);

		if (data_sites_equal(&s, &event->site))
			return making.sites[i];
	}
	return 0;
}

static void append(uint32_t n)
{
	while (n--) {
		const struct sm_event *e = make();

		assert_int_equal(sm_trace_append(making.w, site_of(e), e),
				 SM_OK);
	}
}

static void commit(void)
{
	struct sm_diag diag = { 0 };

	if (sm_trace_commit(making.w, &diag))
		fail_msg("%s", diag.text);
}

static void finish(void)
{
	struct sm_diag diag = { 0 };

	if (sm_trace_writer_close(making.w, &diag))
		fail_msg("%s", diag.text);
	making.w = NULL;
}

static struct sm_trace *open_trace(void)
{
	struct sm_trace *t;
	struct sm_diag diag = { 0 };

	if (sm_trace_open(path, &t, &diag))
		fail_msg("%s", diag.text);
	return t;
}

/* Reads n events and compares them with those made again from the start. */
static void expect_same(struct sm_trace *t, uint32_t n, uint32_t processes)
{
	struct sm_trace_cursor *c;
	const struct sm_event *event;
	struct sm_diag diag = { 0 };
	uint32_t site, i;

	data_state = 88172645463325252u;
	making.processes = processes;
	making.time_ns = 1000000;
	memset(making.seq, 0, sizeof(making.seq));
	assert_int_equal(sm_trace_events(t, NULL, &c, &diag), SM_OK);
	for (i = 0; i < n; i++) {
		const struct sm_event *want = make();
		enum sm_status status = sm_trace_next(c, &event, &site, &diag);

		if (status)
			fail_msg("event %u: %s %s", i, sm_status_text(status),
				 diag.text);
		if (!data_events_equal(want, event))
			fail_msg("event %u differs", i);
		assert_in_range(site, 1, sm_trace_site_count(t) - 1);
	}
	assert_int_equal(sm_trace_next(c, &event, &site, &diag), SM_END);
	sm_trace_cursor_free(c);
}

static void expect_verified(void)
{
	struct sm_diag diag = { 0 };
	struct sm_trace_verified verified;

	if (sm_trace_verify(path, NULL, NULL, NULL, &verified, &diag))
		fail_msg("%s", diag.text);
}

static void what_was_appended_is_read(void **state)
{
	static const uint32_t counts[] = { 0,	  1,	 2,	100,
					   16383, 16384, 16385, 40000 };

	(void)state;
	for (unsigned i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		struct sm_trace *t;

		fresh(NULL);
		start(SM_TRACE_CREATE, 3);
		append(counts[i]);
		finish();
		t = open_trace();
		expect_same(t, counts[i], 3);
		assert_false(sm_trace_meta(t, "closed") == NULL);
		sm_trace_close(t);
		expect_verified();
	}
}

static void tails_merge_without_a_trace(void **state)
{
	struct sm_trace *t;

	(void)state;
	start(SM_TRACE_CREATE, 2);
	for (uint32_t i = 0; i < 200; i++) {
		append(100);
		commit();
	}
	finish();
	t = open_trace();
	expect_same(t, 20000, 2);
	sm_trace_close(t);
}

/* ----------------------------------------------------------------- filters */

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

static uint64_t digest(const struct sm_event *e)
{
	return (e->seq * 31 + e->process) * 1000003 + e->time_ns;
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

/* -------------------------------------------------------------- life cycle */

static void an_existing_file_is_kept_unless_told(void **state)
{
	struct sm_trace_writer *w;
	struct sm_diag diag = { 0 };
	struct sm_trace *t;

	(void)state;
	start(SM_TRACE_CREATE, 1);
	assert_int_equal(sm_trace_writer_open(path, SM_TRACE_APPEND, &w, &diag),
			 SM_EXISTS);
	assert_non_null(strstr(diag.text, "another recording"));
	assert_int_equal(sm_trace_writer_open(path, SM_TRACE_FORCE, &w, &diag),
			 SM_EXISTS);
	append(10);
	finish();
	assert_int_equal(sm_trace_writer_open(path, SM_TRACE_CREATE, &w, &diag),
			 SM_EXISTS);
	assert_non_null(strstr(diag.text, path));
	t = open_trace();
	expect_same(t, 10, 1);
	sm_trace_close(t);
	fresh(NULL);
	start(SM_TRACE_FORCE, 1);
	append(5);
	finish();
	t = open_trace();
	expect_same(t, 5, 1);
	sm_trace_close(t);
}

static void appending_continues(void **state)
{
	static const uint32_t parts[] = { 10, 1, 16000, 500, 17000, 0, 3 };
	uint64_t time_ns = 0, seq[16] = { 0 }, random = 0;
	struct sm_trace *t;
	uint32_t n = 0;

	(void)state;
	for (unsigned i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		random = data_state;
		time_ns = making.time_ns;
		memcpy(seq, making.seq, sizeof(seq));
		start(SM_TRACE_APPEND, 1);
		data_state = random;
		if (i) {
			making.time_ns = time_ns;
			memcpy(making.seq, seq, sizeof(seq));
		}
		append(parts[i]);
		n += parts[i];
		/* The third is left as a killed writer leaves it. */
		if (i == 2) {
			append(77);
			commit();
			n += 77;
		}
		finish();
		expect_verified();
	}
	t = open_trace();
	assert_int_equal(sm_trace_process_count(t), 7);
	assert_int_equal(sm_trace_site_count(t), SITES + 1);
	expect_same(t, n, 1);
	sm_trace_close(t);
}

static void what_is_no_regular_file_is_not_replaced(void **state)
{
	struct sm_trace_writer *w;
	struct sm_diag diag = { 0 };

	(void)state;
	assert_int_equal(
		sm_trace_writer_open("/dev/null", SM_TRACE_FORCE, &w, &diag),
		SM_INVALID);
	assert_int_equal(sm_trace_writer_open("/nowhere/x.db", SM_TRACE_CREATE,
					      &w, &diag),
			 SM_IO);
	assert_non_null(strstr(diag.text, "/nowhere/x.db: cannot create"));
}

static void processes_and_losses_are_kept(void **state)
{
	struct sm_trace_account account = { .end_ns = 99,
					    .exit_status = 9,
					    .attempts = 20,
					    .stored = 10,
					    .noise = 3,
					    .lost = { 4, 0, 2, 1, 0, 0 } };
	struct sm_trace_interpreter interpreter = {
		.version = SM_STR("3.11.2 (main)"),
		.stdlib = SM_STR("/usr/lib/python3.11"),
		.prefix = SM_STR("/usr"),
		.tmp = SM_STR("/tmp")
	};
	const struct sm_trace_process_info *p;
	uint64_t lost[SM_LOSSES];
	struct sm_trace_loss loss;
	const char *key, *value;
	struct sm_trace *t;
	size_t i;

	(void)state;
	start(SM_TRACE_CREATE, 2);
	append(10);
	assert_int_equal(sm_trace_set_interpreter(making.w, 1, &interpreter),
			 SM_OK);
	assert_int_equal(sm_trace_end_process(making.w, 1, &account), SM_OK);
	assert_int_equal(sm_trace_end_process(making.w, 3, &account),
			 SM_INVALID);
	/* Told in its place in time, and again in the account: counted once. */
	assert_int_equal(
		sm_trace_add_loss(making.w, 1, SM_LOSS_RING_FULL, 4, 7), SM_OK);
	assert_int_equal(
		sm_trace_add_loss(making.w, 2, SM_LOSS_RING_FULL, 5, 8), SM_OK);
	assert_int_equal(
		sm_trace_add_loss(making.w, 0, SM_LOSS_NO_CHANNEL, 6, 8),
		SM_OK);
	assert_int_equal(sm_trace_set_meta(making.w, "command", "python3 x"),
			 SM_OK);
	finish();
	t = open_trace();
	assert_string_equal(sm_trace_meta(t, "command"), "python3 x");
	assert_string_equal(sm_trace_meta(t, "format"), "0");
	assert_null(sm_trace_meta(t, "nothing"));
	assert_int_equal(sm_trace_process_count(t), 2);
	assert_null(sm_trace_process(t, 0));
	assert_null(sm_trace_process(t, 3));
	p = sm_trace_process(t, 1);
	assert_true(p->has_ended);
	assert_int_equal(p->account.exit_status, 9);
	assert_int_equal(p->account.attempts, 20);
	assert_int_equal(p->account.lost[SM_LOSS_TORN], 2);
	assert_true(sm_str_equal(p->interpreter.version, interpreter.version));
	assert_int_equal(p->interpreter.home.len, 0);
	assert_string_equal(p->start.started_by, "exec");
	assert_int_equal(p->start.argc, 2);
	assert_true(sm_str_equal(p->start.argv[1],
				 (struct sm_str){ "a\"\n\xff", 4 }));
	assert_true(sm_str_equal(p->start.cwd, SM_STR("/srv")));
	assert_false(sm_trace_process(t, 2)->has_ended);
	assert_int_equal(sm_trace_lost(t, lost), 4 + 2 + 1 + 5 + 6);
	assert_int_equal(lost[SM_LOSS_RING_FULL], 9);
	assert_int_equal(lost[SM_LOSS_NO_CHANNEL], 6);
	assert_true(sm_trace_loss_at(t, 2, &loss));
	assert_int_equal(loss.cause, SM_LOSS_NO_CHANNEL);
	assert_int_equal(loss.count, 6);
	assert_int_equal(loss.time_ns, 8);
	assert_false(sm_trace_loss_at(t, 3, &loss));
	for (i = 0; (key = sm_trace_meta_at(t, i, &value)); i++)
		assert_string_equal(sm_trace_meta(t, key), value);
	assert_int_equal(i, 3); /* format, command, closed */
	sm_trace_close(t);
}

static void a_live_trace_is_followed(void **state)
{
	struct sm_trace *t;
	struct sm_trace_cursor *c;
	const struct sm_event *event;
	struct sm_diag diag = { 0 };
	uint64_t want = 0, got = 0, seen = 0;
	uint32_t site;
	struct stat st;
	char wal[80];

	(void)state;
	start(SM_TRACE_CREATE, 2);
	commit();
	t = open_trace();
	assert_int_equal(sm_trace_events(t, NULL, &c, &diag), SM_OK);
	for (uint32_t i = 0; i < 90; i++) {
		for (uint32_t k = 0; k < 250; k++) {
			const struct sm_event *e = make();

			want += digest(e);
			assert_int_equal(
				sm_trace_append(making.w, site_of(e), e),
				SM_OK);
		}
		commit();
		while (sm_trace_next(c, &event, &site, &diag) == SM_OK) {
			got += digest(event);
			seen++;
		}
		assert_int_equal(diag.status, SM_OK);
		assert_int_equal(seen, (i + 1) * 250);
		assert_int_equal(got, want);
		assert_true(sm_trace_may_grow(c));
	}
	finish();
	assert_int_equal(sm_trace_next(c, &event, &site, &diag), SM_END);
	assert_false(sm_trace_may_grow(c));
	sm_trace_cursor_free(c);
	sm_trace_close(t);
	/* The follower did not keep the writer from leaving one file. */
	snprintf(wal, sizeof(wal), "%s-wal", path);
	assert_int_equal(stat(wal, &st), -1);
	expect_verified();
}

/* Digest of all events of the bulk the cursor stands on. */
static uint64_t digest_bulk(struct sm_trace_cursor *c,
			    const struct sm_trace_bulk *bulk)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < bulk->count; i++) {
		const struct sm_event *event = sm_trace_bulk_event(c, i);

		assert_non_null(event);
		sum += digest(event);
	}
	return sum;
}

static uint64_t append_digested(uint32_t n)
{
	uint64_t sum = 0;

	while (n--) {
		const struct sm_event *e = make();

		sum += digest(e);
		assert_int_equal(sm_trace_append(making.w, site_of(e), e),
				 SM_OK);
	}
	commit();
	return sum;
}

static void look_elsewhere(struct sm_trace *t)
{
	struct sm_trace_cursor *c;
	const struct sm_event *event;
	struct sm_diag diag;
	uint32_t site;

	assert_int_equal(sm_trace_events(t, NULL, &c, &diag), SM_OK);
	assert_int_equal(sm_trace_next(c, &event, &site, &diag), SM_OK);
	sm_trace_cursor_free(c);
}

/* What the cursor holds is its own: its row may be gone from the file. */
static void bulk_survives_the_merge_of_its_block(void **state)
{
	struct sm_trace_bulk bulk;
	struct sm_trace_cursor *c;
	struct sm_diag diag = { 0 };
	struct sm_trace *t;
	uint64_t want = 0, got = 0;

	(void)state;
	start(SM_TRACE_CREATE, 2);
	want += append_digested(200);
	want += append_digested(90);
	t = open_trace();
	assert_int_equal(sm_trace_events(t, NULL, &c, &diag), SM_OK);
	for (uint32_t n = 17000; n; n /= 3) {
		enum sm_status status = sm_trace_bulk(c, &bulk, &diag);

		/* Between a bulk and its events, rows are merged, and another
		 * cursor reads blocks. */
		assert_int_equal(status, SM_OK);
		want += append_digested(n);
		look_elsewhere(t);
		got += digest_bulk(c, &bulk);
	}
	while (!sm_trace_bulk(c, &bulk, &diag))
		got += digest_bulk(c, &bulk);
	if (diag.status)
		fail_msg("%s", diag.text);
	assert_int_equal(got, want);
	sm_trace_cursor_free(c);
	sm_trace_close(t);
	finish();
}

static void kill_a_writer(void)
{
	pid_t child = fork();
	int status;

	if (!child) {
		start(SM_TRACE_CREATE, 2);
		append(16500);
		commit();
		append(300);
		commit();
		append(5); /* never committed */
		raise(SIGKILL);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static void a_killed_writer_leaves_a_readable_trace(void **state)
{
	struct sm_trace_cursor *c;
	const struct sm_event *event;
	struct sm_trace *t;
	struct sm_diag diag;
	uint32_t site;

	(void)state;
	kill_a_writer();
	t = open_trace();
	expect_same(t, 16800, 2);
	assert_null(sm_trace_meta(t, "closed"));
	assert_int_equal(sm_trace_events(t, NULL, &c, &diag), SM_OK);
	while (sm_trace_next(c, &event, &site, &diag) == SM_OK)
		;
	assert_false(sm_trace_may_grow(c));
	sm_trace_cursor_free(c);
	sm_trace_close(t);
	expect_verified();
	data_state = 1;
	start(SM_TRACE_APPEND, 0);
	finish();
	t = open_trace();
	expect_same(t, 16800, 2);
	sm_trace_close(t);
	expect_verified();
}

/* As a user who may only read; what it returns is the status. */
static int open_as_nobody(void)
{
	struct sm_trace *t;
	struct sm_diag diag;
	int status;
	pid_t child = fork();

	if (!child) {
		enum sm_status s;

		if (setgid(65534) || setuid(65534))
			_exit(99);
		s = sm_trace_open(path, &t, &diag);
		if (s)
			_exit((int)s);
		expect_same(t, 16800, 2);
		sm_trace_close(t);
		_exit(SM_OK);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void a_read_only_directory_is_no_obstacle(void **state)
{
	char name[80];

	(void)state;
	if (geteuid())
		skip();
	kill_a_writer();
	assert_int_equal(chmod(dir, 0555), 0);
	assert_int_equal(chmod(path, 0444), 0);
	snprintf(name, sizeof(name), "%s-wal", path);
	assert_int_equal(chmod(name, 0444), 0);
	snprintf(name, sizeof(name), "%s-shm", path);
	assert_int_equal(chmod(name, 0444), 0);
	assert_int_equal(open_as_nobody(), SM_OK);
	/* Without -shm SQLite would have to make one. */
	assert_int_equal(unlink(name), 0);
	assert_int_equal(open_as_nobody(), SM_OK);
	assert_int_equal(access(name, F_OK), -1);
	assert_int_equal(chmod(path, 0600), 0);
	assert_int_equal(chmod(dir, 0700), 0);
	start(SM_TRACE_APPEND, 0);
	finish();
	assert_int_equal(chmod(dir, 0555), 0);
	assert_int_equal(chmod(path, 0444), 0);
	assert_int_equal(open_as_nobody(), SM_OK);
	assert_int_equal(chmod(dir, 0700), 0);
}

/* ----------------------------------------------------------------- failures */

enum { PAGE = 1024, FANOUT = 100, LEVELS = 6 };

/* A page of a table's inside (SQLite file format, 1.6), all children one. */
static void make_inside(uint8_t page[PAGE], uint32_t child)
{
	uint8_t pointer[4] = { (uint8_t)(child >> 24), (uint8_t)(child >> 16),
			       (uint8_t)(child >> 8), (uint8_t)child };

	memset(page, 0, PAGE);
	page[0] = 5;
	page[4] = FANOUT;
	page[5] = (PAGE - 5 * FANOUT) >> 8;
	page[6] = (PAGE - 5 * FANOUT) & 0xff;
	memcpy(page + 8, pointer, 4);
	for (unsigned i = 0; i < FANOUT; i++) {
		unsigned at = PAGE - 5 * (i + 1);

		page[12 + 2 * i] = (uint8_t)(at >> 8);
		page[13 + 2 * i] = (uint8_t)at;
		memcpy(page + at, pointer, 4);
		page[at + 4] = 1;
	}
}

static uint32_t find_root(const char *table)
{
	sqlite3 *db;
	sqlite3_stmt *q;
	uint32_t root;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db,
					    "SELECT rootpage FROM "
					    "sqlite_schema WHERE name=?",
					    -1, &q, NULL),
			 SQLITE_OK);
	sqlite3_bind_text(q, 1, table, -1, NULL);
	assert_int_equal(sqlite3_step(q), SQLITE_ROW);
	root = (uint32_t)sqlite3_column_int(q, 0);
	sqlite3_finalize(q);
	sqlite3_close(db);
	return root;
}

/* A row becomes 100 to the 6th, in six pages. */
static void a_file_of_endless_rows_is_refused_soon(void **state)
{
	uint8_t page[PAGE], leaf[PAGE], size[4] = { 0 };
	struct sm_diag diag = { 0 };
	struct sm_trace *t;
	uint32_t root, pages;
	FILE *f;

	(void)state;
	start(SM_TRACE_CREATE, 1);
	assert_int_equal(
		sm_trace_add_loss(making.w, 1, SM_LOSS_RING_FULL, 1, 1), SM_OK);
	finish();
	root = find_root("loss");
	pages = (uint32_t)(data_size(path) / PAGE);
	f = fopen(path, "r+b");
	assert_non_null(f);
	fseek(f, (long)(root - 1) * PAGE, SEEK_SET);
	assert_int_equal(fread(leaf, PAGE, 1, f), 1);
	fseek(f, (long)(root - 1) * PAGE, SEEK_SET);
	make_inside(page, pages + 1);
	fwrite(page, PAGE, 1, f);
	fseek(f, 0, SEEK_END);
	for (uint32_t i = 1; i < LEVELS; i++) {
		make_inside(page, pages + i + 1);
		fwrite(page, PAGE, 1, f);
	}
	fwrite(leaf, PAGE, 1, f);
	pages += LEVELS;
	size[2] = (uint8_t)(pages >> 8);
	size[3] = (uint8_t)pages;
	fseek(f, 28, SEEK_SET);
	fwrite(size, 4, 1, f);
	fclose(f);
	assert_int_equal(sm_trace_open(path, &t, &diag), SM_DAMAGED);
	assert_non_null(strstr(diag.text, "more rows than its size allows"));
}

static void a_full_disk_keeps_what_is_buffered(void **state)
{
	struct rlimit small = { 200 << 10, RLIM_INFINITY }, old;
	struct sm_diag diag = { 0 };
	struct sm_trace *t;
	size_t buffered;

	(void)state;
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &old);
	small.rlim_max = old.rlim_max;
	start(SM_TRACE_CREATE, 2);
	append(100);
	commit();
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	append(20000);
	assert_int_equal(sm_trace_commit(making.w, &diag), SM_IO);
	assert_non_null(strstr(diag.text, "cannot write"));
	buffered = sm_trace_buffered_bytes(making.w);
	assert_true(buffered > 100000);
	append(20000);
	assert_int_equal(sm_trace_commit(making.w, &diag), SM_IO);
	assert_true(sm_trace_buffered_bytes(making.w) > buffered);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	commit();
	append(50);
	finish();
	signal(SIGXFSZ, SIG_DFL);
	t = open_trace();
	expect_same(t, 40150, 2);
	sm_trace_close(t);
	expect_verified();
}

static void what_passes_a_bound_is_refused(void **state)
{
	static struct sm_value deep[SM_DEPTH_MAX + 2];
	static struct sm_value many[SM_ITEMS_MAX + 1];
	static char longest[SM_STRING_MAX + 1];
	struct sm_event e = { .seq = 1, .process = 1, .thread = 1, .argc = 1 };
	struct sm_value v = { 0 };
	struct sm_trace *t;
	uint64_t sum;

	(void)state;
	memset(longest, 'x', sizeof(longest));
	start(SM_TRACE_CREATE, 1);
	e.args = &v;
	for (uint32_t n = SM_STRING_MAX - 1; n <= SM_STRING_MAX + 1; n++) {
		v = (struct sm_value){
			.type = SM_TEXT, .s = longest, .len = n, .full_len = n
		};
		assert_int_equal(sm_trace_append(making.w, making.sites[0], &e),
				 n > SM_STRING_MAX ? SM_INVALID : SM_OK);
	}
	for (uint32_t n = SM_ITEMS_MAX - 1; n <= SM_ITEMS_MAX + 1; n++) {
		v = (struct sm_value){
			.type = SM_LIST, .items = many, .len = n, .full_len = n
		};
		assert_int_equal(sm_trace_append(making.w, making.sites[0], &e),
				 n > SM_ITEMS_MAX ? SM_INVALID : SM_OK);
	}
	for (unsigned i = 0; i <= SM_DEPTH_MAX; i++)
		deep[i] = (struct sm_value){ .type = SM_LIST,
					     .items = &deep[i + 1],
					     .len = 1,
					     .full_len = 1 };
	e.args = &deep[1];
	assert_int_equal(sm_trace_append(making.w, making.sites[0], &e), SM_OK);
	e.args = &deep[0];
	assert_int_equal(sm_trace_append(making.w, making.sites[0], &e),
			 SM_INVALID);
	e.args = &v;
	v = (struct sm_value){ .type = SM_DIGEST + 1 };
	assert_int_equal(sm_trace_append(making.w, making.sites[0], &e),
			 SM_INVALID);
	v.type = SM_NONE;
	assert_int_equal(sm_trace_append(making.w, 0, &e), SM_INVALID);
	assert_int_equal(sm_trace_append(making.w, SITES + 1, &e), SM_INVALID);
	e.process = 2;
	assert_int_equal(sm_trace_append(making.w, making.sites[0], &e),
			 SM_INVALID);
	finish();
	t = open_trace();
	assert_int_equal(count(t, NULL, NULL, &sum), 5);
	sm_trace_close(t);
}

static uint32_t put_policy(const char *sha256)
{
	const struct sm_trace_policy policy = {
		.mode = SM_STR("block"),
		.enforced = { SM_STR("/p"), sm_str_of(sha256), SM_STR("{}") },
	};
	uint32_t number;

	assert_int_equal(sm_trace_add_policy(making.w, &policy, &number),
			 SM_OK);
	return number;
}

static void adopt(uint32_t process, uint32_t policy, uint64_t seq)
{
	const struct sm_trace_adoption adoption = { process, policy, seq, 1 };

	assert_int_equal(sm_trace_add_adoption(making.w, &adoption), SM_OK);
}

static void each_event_knows_its_policy(void **state)
{
	static const struct {
		uint32_t process;
		uint64_t seq;
		uint32_t policy;
	} cases[] = {
		{ 1, 1, 1 },
		{ 1, 9, 1 },
		{ 1, 10, 2 },
		{ 1, 19, 2 },
		{ 1, 20, 3 },
		{ 1, 1000, 3 },
		{ 2, 1, 2 },
		{ 2, 4, 2 },
		/* twice before its next event: the later counts */
		{ 2, 5, 3 },
		{ 3, 1, 0 },
	};
	const struct sm_trace_adoption unknown[] = {
		{ 4, 1, 1, 1 }, { 0, 1, 1, 1 }, { 1, 4, 1, 1 }, { 1, 0, 1, 1 }
	};
	struct sm_event event = { .process = 2, .seq = 6 };
	struct sm_trace *t;

	(void)state;
	start(SM_TRACE_CREATE, 3);
	assert_int_equal(put_policy("11"), 1);
	assert_int_equal(put_policy("22"), 2);
	finish();
	start(SM_TRACE_APPEND, 0);
	assert_int_equal(put_policy("33"), 3); /* counts on */
	adopt(1, 1, 1);
	adopt(2, 2, 1);
	adopt(1, 2, 10);
	adopt(2, 3, 5);
	adopt(2, 1, 5);
	adopt(1, 3, 20);
	for (size_t i = 0; i < sizeof(unknown) / sizeof(*unknown); i++)
		assert_int_equal(sm_trace_add_adoption(making.w, &unknown[i]),
				 SM_INVALID);
	assert_int_equal(sm_trace_set_after_denial(making.w, 2, 6), SM_OK);
	assert_int_equal(sm_trace_set_after_denial(making.w, 4, 6), SM_INVALID);
	finish();
	t = open_trace();
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_int_equal(
			sm_trace_policy_of(t, cases[i].process, cases[i].seq),
			cases[i].policy);
	assert_true(sm_str_equal(sm_trace_policy(t, 3)->enforced.sha256,
				 SM_STR("33")));
	assert_int_equal(sm_trace_policy(t, 3)->shadow.sha256.len, 0);
	assert_true(sm_trace_is_after_denial(t, &event));
	event.seq = 5;
	assert_false(sm_trace_is_after_denial(t, &event));
	event = (struct sm_event){ .process = 1, .seq = 100 };
	assert_false(sm_trace_is_after_denial(t, &event));
	sm_trace_close(t);
	expect_verified();
}

/* Strings of four kilobytes: blocks are cut by bytes, not by events. */
static void large_events_make_small_blocks(void **state)
{
	static char text[SM_STRING_MAX];
	static struct sm_value v[SM_VALUES_MAX];
	struct sm_event e = { .process = 1, .thread = 1, .args = v };
	struct sm_trace *t;
	uint64_t sum;

	(void)state;
	memset(text, 'y', sizeof(text));
	start(SM_TRACE_CREATE, 1);
	for (uint32_t i = 0; i < SM_VALUES_MAX; i++)
		v[i] = (struct sm_value){ .type = SM_INT, .i = INT64_MIN };
	for (uint32_t i = 0; i < 6000; i++) {
		e.seq = i + 1;
		e.argc = 1 + i % SM_VALUES_MAX;
		for (uint32_t k = 0; k < SM_VALUES_MAX; k++)
			v[k].i = (int64_t)data_random();
		snprintf(text, 20, "%u", i);
		v[0] = (struct sm_value){ .type = SM_TEXT,
					  .s = text,
					  .len = i % 64 ? 20 : SM_STRING_MAX,
					  .full_len = SM_STRING_MAX };
		assert_int_equal(
			sm_trace_append(making.w, making.sites[i % 9], &e),
			SM_OK);
	}
	finish();
	t = open_trace();
	assert_int_equal(count(t, NULL, NULL, &sum), 6000);
	sm_trace_close(t);
	expect_verified();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup(name, fresh)
		TEST(what_was_appended_is_read),
		TEST(tails_merge_without_a_trace),
		TEST(filters_equal_brute_force),
		TEST(skimming_sees_what_reading_sees),
		TEST(keys_are_equal_when_what_decides_is),
		TEST(an_existing_file_is_kept_unless_told),
		TEST(appending_continues),
		TEST(what_is_no_regular_file_is_not_replaced),
		TEST(processes_and_losses_are_kept),
		TEST(a_live_trace_is_followed),
		TEST(bulk_survives_the_merge_of_its_block),
		TEST(a_killed_writer_leaves_a_readable_trace),
		TEST(a_read_only_directory_is_no_obstacle),
		TEST(a_file_of_endless_rows_is_refused_soon),
		TEST(a_full_disk_keeps_what_is_buffered),
		TEST(what_passes_a_bound_is_refused),
		TEST(each_event_knows_its_policy),
		TEST(large_events_make_small_blocks),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
