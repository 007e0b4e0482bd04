/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "replay/digest.h"
#include "replay/memo.h"
#include "replay/replay.h"

/* -------------------------------------------------------------- fixtures */

static char path[] = "/tmp/test_replay.XXXXXX";
static struct sm_trace_writer *writer;
static uint64_t seq;

static const char policy_text[] =
	"{ \"secmgr\": 1,\n"
	"  \"variables\": { \"TMP\": \"/tmp\" },\n"
	"  \"files\": [\n"
	"    { \"id\": \"f1\", \"path\": \"/srv/data/<name>\", \"access\": "
	"[\"read\"], \"by\": [\"requests\"] },\n"
	"    { \"id\": \"f2\", \"path\": \"${TMP}/x\", \"access\": [\"read\"], "
	"\"by\": [\"requests\"] }\n"
	"  ],\n"
	"  \"deny\": [ { \"id\": \"x1\", \"name\": \"os.lockf\", "
	"\"args\": [\"*\", \"511\", \"*\"] } ],\n"
	"  \"modes\": { \"events\": \"warn\" } }\n";

static struct sm_value text(const char *s)
{
	uint32_t n = (uint32_t)strlen(s);

	return (struct sm_value){
		.type = SM_TEXT, .len = n, .full_len = n, .s = s
	};
}

static void begin(void)
{
	struct sm_trace_process process = {
		.pid = 4711,
		.guest_pid = 4711,
		.start_ns = 1000,
		.started_by = "exec",
		.exe = SM_STR("/usr/bin/python3"),
		.cwd = SM_STR("/srv"),
	};
	struct sm_diag diag;
	uint32_t number;

	seq = 0;
	assert_int_equal(
		sm_trace_writer_open(path, SM_TRACE_FORCE, &writer, &diag),
		SM_OK);
	assert_int_equal(sm_trace_add_process(writer, &process, &number),
			 SM_OK);
	assert_int_equal(number, 1);
}

static struct sm_site site_of(const char *name, uint32_t line)
{
	return (struct sm_site){
		.kind = sm_catalogue_find(sm_str_of(name)),
		.event = sm_str_of(name),
		.file = SM_STR("/srv/lib/requests/api.py"),
		.function = SM_STR("get"),
		.line = line,
		.principal = { .kind = SM_PRINCIPAL_DISTRIBUTION,
			       .name = SM_STR("requests") },
	};
}

static void append(const struct sm_site *site, const struct sm_value *args,
		   uint32_t argc, enum sm_decision recorded)
{
	struct sm_event event = {
		.seq = seq + 1,
		.time_ns = 2000 + (seq + 1) * 1000,
		.process = 1,
		.thread = 4711,
		.argc = argc,
		.args = args,
		.verdict = { .decision = recorded },
	};
	uint32_t id;

	assert_int_equal(sm_trace_intern_site(writer, site, &id), SM_OK);
	assert_int_equal(sm_trace_append(writer, id, &event), SM_OK);
	seq++;
}

static void append_open(const char *file, uint32_t line,
			enum sm_decision recorded)
{
	struct sm_site site = site_of("open", line);
	struct sm_value args[3] = { text(file),
				    text("r"),
				    { .type = SM_INT, .i = 0 } };

	append(&site, args, 3, recorded);
}

static void finish(void)
{
	struct sm_trace_account account = {
		.end_ns = 1000000,
		.attempts = seq + 5,
		.stored = seq,
		.lost = { [SM_LOSS_RING_FULL] = 5 },
	};
	struct sm_diag diag;

	assert_int_equal(sm_trace_end_process(writer, 1, &account), SM_OK);
	assert_int_equal(sm_trace_writer_close(writer, &diag), SM_OK);
	writer = NULL;
}

struct outcome {
	struct sm_replay *replay;
	void *blob;
	const struct sm_replay_totals *totals;
	const struct sm_replay_denial *const *denials;
	size_t count;
};

/* Replays the trace times times into one report. */
static void replay_times(struct outcome *o, unsigned times)
{
	struct sm_diag diag = { .status = SM_OK };
	struct sm_policy policy;
	struct sm_rules *rules;
	size_t bytes;

	assert_int_equal(sm_policy_parse(policy_text, sizeof(policy_text) - 1,
					 &rules, &diag),
			 SM_OK);
	assert_int_equal(
		sm_policy_compile(rules, NULL, 0, &o->blob, &bytes, &diag),
		SM_OK);
	sm_rules_free(rules);
	assert_int_equal(sm_policy_open(&policy, o->blob, bytes, &diag), SM_OK);
	o->replay = sm_replay_new();
	assert_non_null(o->replay);
	for (unsigned i = 0; i < times; i++) {
		struct sm_trace *trace;

		assert_int_equal(sm_trace_open(path, &trace, &diag), SM_OK);
		assert_int_equal(sm_replay_run(o->replay, trace, &policy, NULL,
					       NULL, &diag),
				 SM_OK);
		sm_trace_close(trace);
	}
	o->totals = sm_replay_totals(o->replay);
	o->denials = sm_replay_denials(o->replay, &o->count);
}

static void outcome_free(struct outcome *o)
{
	sm_replay_free(o->replay);
	free(o->blob);
}

static int make_path(void **state)
{
	int fd = mkstemp(path);

	(void)state;
	return fd < 0 || close(fd);
}

static int remove_path(void **state)
{
	(void)state;
	return unlink(path);
}

/* ----------------------------------------------------------------- replay */

static void every_event_has_exactly_one_outcome(void **state)
{
	struct sm_site custom = site_of("shop.refund", 3);
	struct sm_site story = site_of("os.fork", 4);
	struct outcome o;

	(void)state;
	begin();
	for (int i = 0; i < 10; i++)
		append_open("/srv/data/a.txt", 1, SM_UNDECIDED);
	for (int i = 0; i < 7; i++)
		append_open("/etc/passwd", 2, SM_UNDECIDED);
	append_open("/tmp/x", 2, SM_UNDECIDED);
	append(&custom, NULL, 0, SM_UNDECIDED);
	append(&story, NULL, 0, SM_UNDECIDED);
	finish();
	replay_times(&o, 1);
	assert_int_equal(o.totals->events, 20);
	assert_int_equal(o.totals->allowed, 11);
	assert_int_equal(o.totals->blocked, 7);
	assert_int_equal(o.totals->warned, 1);
	assert_int_equal(o.totals->undecided, 1);
	assert_int_equal(o.totals->distinct, 5);
	assert_int_equal(o.totals->blocked_distinct, 1);
	assert_int_equal(o.totals->lost, 5);
	assert_int_equal(o.totals->losses[SM_LOSS_RING_FULL], 5);
	assert_int_equal(o.totals->processes, 1);
	outcome_free(&o);
}

static void denials_are_grouped_by_what_they_are_about(void **state)
{
	struct outcome o;

	(void)state;
	begin();
	append_open("/srv/data/a.txt", 1, SM_UNDECIDED);
	append_open("/etc/passwd", 2, SM_UNDECIDED);
	append_open("/etc/shadow", 2, SM_UNDECIDED);
	append_open("/etc/shadow", 3, SM_UNDECIDED); /* another line */
	finish();
	replay_times(&o, 1);
	assert_int_equal(o.count, 2);
	assert_string_equal(o.denials[0]->resource.p, "/etc/shadow");
	assert_int_equal(o.denials[0]->count, 2);
	assert_int_equal(o.denials[0]->family, SM_FAMILY_FILES);
	assert_int_equal(o.denials[0]->access, SM_ACCESS_READ);
	assert_string_equal(o.denials[0]->principal.name.p, "requests");
	assert_int_equal(o.denials[0]->reason, SM_REASON_NO_RULE);
	assert_int_equal(o.denials[0]->first.seq, 3);
	assert_int_equal(o.denials[0]->first.pid, 4711);
	assert_int_equal(o.denials[0]->first.line, 2);
	assert_string_equal(o.denials[0]->first.trace, path);
	assert_non_null(strstr(o.denials[0]->explanation, "/etc/shadow"));
	assert_string_equal(o.denials[1]->resource.p, "/etc/passwd");
	outcome_free(&o);
}

static void what_the_nearest_rule_lacks_is_named(void **state)
{
	struct sm_site site = site_of("open", 9);
	struct sm_value args[3] = { text("/srv/data/a.txt"),
				    text("w"),
				    { .type = SM_INT, .i = 0x241 } };
	struct outcome o;

	(void)state;
	begin();
	append(&site, args, 3, SM_UNDECIDED);
	finish();
	replay_times(&o, 1);
	assert_int_equal(o.count, 1);
	assert_string_equal(o.denials[0]->rule.p, "f1");
	assert_int_equal(o.denials[0]->reason, SM_REASON_ACCESS);
	assert_true(o.denials[0]->lacking & SM_ACCESS_CREATE);
	assert_false(o.denials[0]->lacking & SM_ACCESS_READ);
	outcome_free(&o);
}

static void traces_add_up_and_decisions_merge(void **state)
{
	struct outcome o;

	(void)state;
	begin();
	append_open("/etc/passwd", 2, SM_UNDECIDED);
	append_open("/srv/data/a.txt", 1, SM_UNDECIDED);
	finish();
	replay_times(&o, 3);
	assert_int_equal(o.totals->traces, 3);
	assert_int_equal(o.totals->events, 6);
	assert_int_equal(o.totals->distinct, 2);
	assert_int_equal(o.totals->blocked, 3);
	assert_int_equal(o.totals->blocked_distinct, 1);
	assert_int_equal(o.count, 1);
	assert_int_equal(o.denials[0]->count, 3);
	outcome_free(&o);
}

static void other_recorded_verdicts_are_counted(void **state)
{
	struct outcome o;

	(void)state;
	begin();
	append_open("/etc/passwd", 2, SM_DENIED);
	append_open("/etc/passwd", 2, SM_ALLOWED);
	append_open("/srv/data/a.txt", 1, SM_ALLOWED);
	append_open("/srv/data/a.txt", 1, SM_UNDECIDED);
	finish();
	replay_times(&o, 1);
	assert_int_equal(o.totals->enforced, 3);
	assert_int_equal(o.totals->differs, 1);
	outcome_free(&o);
}

static void an_empty_trace_blocks_nothing(void **state)
{
	struct outcome o;

	(void)state;
	begin();
	finish();
	replay_times(&o, 1);
	assert_int_equal(o.totals->events, 0);
	assert_int_equal(o.totals->blocked, 0);
	assert_int_equal(o.count, 0);
	outcome_free(&o);
}

/* Several blocks, each with keys of its own, sites mixed. */
static void every_new_key_is_decided_by_its_own_event(void **state)
{
	const unsigned count = 40000;
	struct outcome o;
	unsigned blocked = 0;

	(void)state;
	begin();
	for (unsigned i = 0; i < count; i++) {
		bool is_bad = i * 2654435761u >> 31;
		char file[40];

		snprintf(file, sizeof(file), "/%s/file%u",
			 is_bad ? "etc/x" : "srv/data", i / 2);
		append_open(file, 1 + i % 7, is_bad ? SM_DENIED : SM_ALLOWED);
		blocked += is_bad;
	}
	finish();
	replay_times(&o, 1);
	assert_int_equal(o.totals->events, count);
	assert_int_equal(o.totals->blocked, blocked);
	assert_int_equal(o.totals->allowed, count - blocked);
	assert_int_equal(o.totals->enforced, count);
	assert_int_equal(o.totals->differs, 0);
	for (size_t i = 0; i < o.count; i++) {
		const struct sm_replay_denial *d = o.denials[i];
		unsigned number = (unsigned)atoi(d->resource.p + 11);

		/* The first of the two events with this path, if denied. */
		assert_in_range(d->first.seq, number * 2 + 1, number * 2 + 2);
		assert_int_equal(d->first.time_ns, 2000 + d->first.seq * 1000);
		assert_int_equal(d->first.line, 1 + (d->first.seq - 1) % 7);
	}
	outcome_free(&o);
}

static void denials_keep_copies_of_program_arguments(void **state)
{
	struct sm_site site = site_of("os.posix_spawn", 5);
	struct sm_value argv[2] = { text("/bin/sh"), text("-i") };
	struct sm_value args[3] = {
		text("/bin/sh"),
		{ .type = SM_LIST, .len = 2, .full_len = 2, .items = argv },
		{ .type = SM_NONE }
	};
	struct outcome o;

	(void)state;
	begin();
	append(&site, args, 3, SM_UNDECIDED);
	finish();
	replay_times(&o, 1);
	assert_int_equal(o.count, 1);
	assert_string_equal(o.denials[0]->resource.p, "/bin/sh");
	assert_int_equal(o.denials[0]->argc, 2);
	assert_string_equal(o.denials[0]->args[1].s, "-i");
	outcome_free(&o);
}

/* ------------------------------------------------------------ memo, digest */

static void rules_that_compare_details_are_asked_each_time(void **state)
{
	struct sm_site site = site_of("os.lockf", 1);
	struct outcome o;

	(void)state;
	begin();
	for (int64_t mode = 509; mode <= 513; mode++) {
		struct sm_value args[3] = { { .type = SM_INT, .i = 3 },
					    { .type = SM_INT, .i = mode },
					    { .type = SM_INT, .i = -1 } };

		append(&site, args, 3, SM_UNDECIDED);
		append(&site, args, 3, SM_UNDECIDED);
	}
	finish();
	replay_times(&o, 1);
	assert_int_equal(o.totals->warned, 2);
	assert_int_equal(o.totals->undecided, 8);
	outcome_free(&o);
}

static void a_memo_finds_every_key_it_was_given(void **state)
{
	struct sm_memo memo;

	(void)state;
	assert_true(sm_memo_init(&memo));
	for (uint64_t i = 0; i < 100000; i++)
		assert_true(sm_memo_add(&memo, i << 32, i));
	for (uint64_t i = 0; i < 100000; i++) {
		struct sm_memo_slot *slot = sm_memo_find(&memo, i << 32);

		if (!slot)
			fail_msg("key %d is lost", (int)i);
		else
			assert_int_equal(slot->value, i);
	}
	assert_null(sm_memo_find(&memo, 7));
	sm_memo_clear(&memo);
	assert_null(sm_memo_find(&memo, 0));
	sm_memo_fini(&memo);
}

static void digests_tell_types_and_borders_apart(void **state)
{
	struct sm_value a[2] = { text("ab"), text("c") };
	struct sm_value b[2] = { text("a"), text("bc") };
	struct sm_value list_a = {
		.type = SM_LIST, .len = 2, .full_len = 2, .items = a
	};
	struct sm_value list_b = {
		.type = SM_LIST, .len = 2, .full_len = 2, .items = b
	};
	struct sm_value bytes = {
		.type = SM_BYTES, .len = 2, .full_len = 2, .s = "ab"
	};
	struct sm_value cut = {
		.type = SM_TEXT, .len = 2, .full_len = 9, .s = "ab"
	};

	(void)state;
	assert_true(sm_digest_value(0, &list_a) != sm_digest_value(0, &list_b));
	assert_true(sm_digest_value(0, &a[0]) != sm_digest_value(0, &bytes));
	assert_true(sm_digest_value(0, &a[0]) != sm_digest_value(0, &cut));
	assert_true(sm_digest_str(0, SM_STR("")) !=
		    sm_digest_str(0, SM_STR("\0")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_event_has_exactly_one_outcome),
		cmocka_unit_test(denials_are_grouped_by_what_they_are_about),
		cmocka_unit_test(what_the_nearest_rule_lacks_is_named),
		cmocka_unit_test(traces_add_up_and_decisions_merge),
		cmocka_unit_test(other_recorded_verdicts_are_counted),
		cmocka_unit_test(an_empty_trace_blocks_nothing),
		cmocka_unit_test(every_new_key_is_decided_by_its_own_event),
		cmocka_unit_test(denials_keep_copies_of_program_arguments),
		cmocka_unit_test(
			rules_that_compare_details_are_asked_each_time),
		cmocka_unit_test(a_memo_finds_every_key_it_was_given),
		cmocka_unit_test(digests_tell_types_and_borders_apart),
	};

	return cmocka_run_group_tests(tests, make_path, remove_path);
}
