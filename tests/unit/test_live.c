/* SPDX-License-Identifier: Apache-2.0 */
#include <unistd.h>

#include "replay/live.h"
#include "tests/unit/policy_fixture.h"

/* -------------------------------------------------------------- fixtures */

#define OLD "/usr/lib/python3.11"
#define NEW "/opt/lib/python3.13"

static char path[] = "/tmp/test_live.XXXXXX";
static struct sm_trace_writer *writer;
static uint64_t seq;

static const char policy_text[] =
	"{ \"secmgr\": 1, \"files\": ["
	"{ \"id\": \"f1\", \"path\": \"/srv/a\", \"access\": [\"read\"], "
	"\"by\": [\"requests\"] },"
	"{ \"id\": \"f2\", \"path\": \"" NEW "/a.py\", \"access\": [\"read\"], "
	"\"by\": [\"requests\"] } ] }";

static void begin(void)
{
	const struct sm_trace_process process = { .pid = 7,
						  .guest_pid = 7,
						  .started_by = "exec" };
	const struct sm_trace_interpreter interpreter = {
		.version = SM_STR("3.11.2"),
		.stdlib = SM_STR(OLD),
		.prefix = SM_STR("/usr"),
	};
	uint32_t number;

	seq = 0;
	assert_int_equal(
		sm_trace_writer_open(path, SM_TRACE_FORCE, &writer, NULL),
		SM_OK);
	assert_int_equal(sm_trace_add_process(writer, &process, &number),
			 SM_OK);
	assert_int_equal(sm_trace_set_interpreter(writer, number, &interpreter),
			 SM_OK);
}

static void append(const char *file, int64_t mode, uint32_t line)
{
	struct staged s;
	uint32_t site;

	stage(&s, "open", "requests");
	push_arg(&s, text_value(file));
	push_arg(&s, int_value(mode)); /* a detail: no request holds it */
	push_arg(&s, int_value(0));
	s.event.site.file = SM_STR(OLD "/site-packages/requests/api.py");
	s.event.site.function = SM_STR("get");
	s.event.site.line = line;
	s.event.seq = ++seq;
	s.event.process = 1;
	s.event.time_ns = seq;
	assert_int_equal(sm_trace_intern_site(writer, &s.event.site, &site),
			 SM_OK);
	assert_int_equal(sm_trace_append(writer, site, &s.event), SM_OK);
}

static struct sm_live *collect(void)
{
	struct compiled c = compile_text(policy_text);
	struct sm_live *live = sm_live_new(SM_STR(NEW));
	struct sm_trace *trace;

	assert_non_null(live);
	assert_int_equal(sm_trace_writer_close(writer, NULL), SM_OK);
	assert_int_equal(sm_trace_open(path, &trace, NULL), SM_OK);
	assert_int_equal(sm_live_collect(live, trace, &c.policy, NULL), SM_OK);
	sm_trace_close(trace);
	compiled_free(&c);
	return live;
}

/* What an agent that agrees answers. */
static struct sm_event agreeing(const struct sm_live *live, size_t i)
{
	const struct sm_live_call *call = sm_live_call(live, i);
	struct sm_event event = call->event;

	event.verdict.decision = call->offline.decision;
	event.verdict.rule = call->offline.rule;
	return event;
}

static enum sm_live_outcome outcome(struct sm_live *live, size_t i)
{
	sm_live_conclude(live);
	return sm_live_call(live, i)->outcome;
}

/* ----------------------------------------------------------------- tests */

static void calls_alike_but_for_the_line_are_one(void **state)
{
	struct sm_live *live;

	(void)state;
	begin();
	append("/srv/a", 1, 10);
	append("/srv/a", 1, 20);
	append("/srv/a", 2, 10);
	append("/srv/b", 1, 10);
	live = collect();
	assert_int_equal(sm_live_count(live), 3);
	assert_int_equal(sm_live_totals(live)->calls, 3);
	assert_int_equal(sm_live_call(live, 0)->offline.decision, SM_ALLOWED);
	assert_int_equal(sm_live_call(live, 2)->offline.decision, SM_DENIED);
	assert_null(sm_live_call(live, 3));
	sm_live_free(live);
}

static void paths_of_the_library_become_the_live_ones(void **state)
{
	const struct sm_live_call *call;
	struct sm_live *live;

	(void)state;
	begin();
	append(OLD "/a.py", 1, 1);
	append(OLD "x/a.py", 1, 1);
	live = collect();
	call = sm_live_call(live, 0);
	assert_true(sm_str_equal(sm_value_str(&call->event.args[0]),
				 SM_STR(NEW "/a.py")));
	assert_true(sm_str_equal(call->event.site.file,
				 SM_STR(NEW "/site-packages/requests/api.py")));
	assert_true(sm_str_equal(call->offline.rule, SM_STR("f2")));
	call = sm_live_call(live, 1);
	assert_true(sm_str_equal(sm_value_str(&call->event.args[0]),
				 SM_STR(OLD "x/a.py")));
	sm_live_free(live);
}

static void decision_rule_and_exception_must_agree(void **state)
{
	struct sm_event event;
	struct sm_live *live;

	(void)state;
	begin();
	append("/srv/a", 1, 1); /* allowed */
	append("/srv/b", 1, 1); /* denied */
	append("/srv/c", 1, 1);
	append("/srv/d", 1, 1);
	live = collect();
	for (size_t i = 0; i < 4; i++) {
		event = agreeing(live, i);
		if (i == 2)
			event.verdict.decision = SM_ALLOWED;
		assert_true(sm_live_answer(live, i, &event));
		assert_true(sm_live_note(live, i, i == 1 || i == 2, NULL));
	}
	assert_int_equal(outcome(live, 0), SM_LIVE_SAME);
	assert_int_equal(outcome(live, 1), SM_LIVE_SAME);
	assert_int_equal(outcome(live, 2), SM_LIVE_DIFFERS);
	assert_int_equal(outcome(live, 3), SM_LIVE_DIFFERS); /* not raised */
	assert_int_equal(sm_live_totals(live)->same, 2);
	assert_int_equal(sm_live_totals(live)->denied, 1);
	assert_int_equal(sm_live_totals(live)->differ, 2);
	sm_live_free(live);

	begin();
	append("/srv/a", 1, 1);
	live = collect();
	event = agreeing(live, 0);
	event.verdict.rule = SM_STR("f2");
	assert_true(sm_live_answer(live, 0, &event));
	assert_true(sm_live_note(live, 0, false, NULL));
	assert_int_equal(outcome(live, 0), SM_LIVE_DIFFERS);
	sm_live_free(live);
}

static void what_was_not_raised_faithfully_says_why(void **state)
{
	struct sm_value other = text_value("/srv/z");
	struct sm_event event;
	struct sm_live *live;

	(void)state;
	begin();
	for (const char *name = "abcdefg"; *name; name++) {
		char file[] = "/srv/?";

		file[5] = *name;
		append(file, 1, 1);
	}
	live = collect();
	for (size_t i = 0; i < 5; i++) {
		event = agreeing(live, i);
		switch (i) {
		case 0:
			event.site.function = SM_STR("put");
			break;
		case 1:
			event.site.via = SM_VIA_IMPORT;
			break;
		case 2:
			event.site.principal.name = SM_STR("flask");
			break;
		case 3:
			event.args = &other;
			event.argc = 1;
			break;
		default:
			event.site.event = SM_STR("os.listdir");
		}
		assert_true(sm_live_answer(live, i, &event));
		assert_true(sm_live_note(live, i, i != 0, NULL));
		assert_int_equal(outcome(live, i), SM_LIVE_NOT_RAISABLE);
		assert_non_null(
			strstr(sm_live_call(live, i)->reason, "arrived "));
	}
	assert_true(sm_live_note(live, 5, false, "cannot be built"));
	sm_live_conclude(live);
	assert_string_equal(sm_live_call(live, 5)->reason, "cannot be built");
	assert_string_equal(sm_live_call(live, 6)->reason,
			    "the interpreter did not get to it");
	assert_int_equal(sm_live_totals(live)->not_raisable, 7);
	/* What an interpreter makes up is no call of ours. */
	assert_true(sm_live_answer(live, 99, &event));
	assert_true(sm_live_note(live, 99, true, "x"));
	sm_live_free(live);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(calls_alike_but_for_the_line_are_one),
		cmocka_unit_test(paths_of_the_library_become_the_live_ones),
		cmocka_unit_test(decision_rule_and_exception_must_agree),
		cmocka_unit_test(what_was_not_raised_faithfully_says_why),
	};
	int fd = mkstemp(path), result;

	if (fd < 0)
		return 1;
	close(fd);
	result = cmocka_run_group_tests(tests, NULL, NULL);
	unlink(path);
	return result;
}
