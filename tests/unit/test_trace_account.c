/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_trace_account.c: processes, losses and policies beside the events.
 */
#include "tests/unit/trace_making.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup(name, fresh)
		TEST(processes_and_losses_are_kept),
		TEST(each_event_knows_its_policy),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
