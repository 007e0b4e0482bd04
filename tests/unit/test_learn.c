/* SPDX-License-Identifier: Apache-2.0 */
/* What is granted, marked, refused and left out. */
#include "tests/unit/learn_fixture.h"

static void distributions_are_granted_whole_and_modules_by_name(void **state)
{
	struct sm_value args[3];
	struct sm_event e;
	struct bench b;

	(void)state;
	start(&b);
	see_load(&b, APP "/views.py");
	see_load(&b, "/usr/lib/python3/dist-packages/flask/app.py");
	learn(&b);
	e = load_event(args, "/usr/lib/python3/dist-packages/flask/lazy.py");
	assert_true(allows(&b, &e));
	e = load_event(args, "/usr/lib/python3/dist-packages/evil/x.py");
	assert_false(allows(&b, &e));
	e = load_event(args, APP "/views.py");
	assert_true(allows(&b, &e));
	e = load_event(args, APP "/evil.py");
	assert_false(allows(&b, &e));
	assert_false(allows_open(&b, APP "/views.py", READ));
	finish(&b);
}

static void risky_grants_are_marked_and_strict_drops_them(void **state)
{
	const struct sm_learn_options strict = { .strict = true };
	struct sm_value args[2] = { text("posix"), text("system") };
	struct sm_event e = event_of("pickle.find_class", args, 2);
	struct bench b;

	(void)state;
	for (int is_strict = 0; is_strict < 2; is_strict++) {
		start(&b);
		add(&b, 0, &e);
		if (is_strict)
			learn_with(&b, &strict);
		else
			learn(&b);
		assert_int_equal(allows(&b, &e), !is_strict);
		assert_int_equal(b.learned.reviews, !is_strict);
		assert_int_equal(b.learned.residue_count, is_strict);
		finish(&b);
	}
}

static size_t marks_of_program(const char *path)
{
	struct bench b;
	size_t n;

	start(&b);
	see_popen(&b, 0, ARGV(path, "--version"));
	learn(&b);
	n = b.learned.reviews;
	finish(&b);
	return n;
}

static size_t marks_of_class(const char *module, const char *name)
{
	struct sm_value args[2] = { text(module), text(name) };
	struct sm_event e = event_of("pickle.find_class", args, 2);
	struct bench b;
	size_t n;

	start(&b);
	add(&b, 0, &e);
	learn(&b);
	n = b.learned.reviews;
	finish(&b);
	return n;
}

static void what_runs_what_it_is_told_is_marked(void **state)
{
	static const char *const marked[] = {
		"/usr/bin/perl5.36.0", "/usr/bin/python3.11",
		"/usr/bin/busybox",    "/usr/bin/nodejs",
		"/usr/bin/timeout",    "/usr/bin/systemd-run",
		"/usr/bin/git",	       "/usr/bin/php8.2",
	};
	static const char *const others[] = { "/usr/bin/uname",
					      "/usr/bin/perlite",
					      "/usr/bin/md5sum", "/usr/bin/7" };

	(void)state;
	for (size_t i = 0; i < sizeof(marked) / sizeof(marked[0]); i++)
		assert_int_equal(marks_of_program(marked[i]), 1);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		assert_int_equal(marks_of_program(others[i]), 0);
	assert_int_equal(marks_of_class("builtins", "breakpoint"), 1);
	assert_int_equal(
		marks_of_class("numpy.testing._private.utils", "runstring"), 1);
	assert_int_equal(marks_of_class("uuid", "_get_command_stdout"), 1);
	assert_int_equal(marks_of_class("numpy", "ndarray"), 0);
	assert_int_equal(marks_of_class("uuid", "UUID"), 0);
}

/* The interpreter's own `<string>` is the same rule as the application's. */
static void strict_leaves_to_others_what_is_no_risk_for_them(void **state)
{
	static const char *const harmless[] = { "maker", "appmaker" };
	const struct sm_learn_options strict = { .strict = true };
	struct sm_value args[3];
	struct sm_event e = run_event(args, "<string>", "");
	struct bench b;

	(void)state;
	e.site.principal = app;
	for (int is_strict = 0; is_strict < 2; is_strict++) {
		start(&b);
		add(&b, 0, &e);
		for (int i = 0; i < 2; i++)
			see_run(&b, "<string>", harmless[i]);
		if (is_strict)
			learn_with(&b, &strict);
		else
			learn(&b);
		assert_int_equal(allows(&b, &e), !is_strict);
		for (int i = 0; i < 2; i++)
			assert_true(allows_run(&b, "<string>", harmless[i]));
		assert_int_equal(b.learned.reviews, !is_strict);
		finish(&b);
	}
}

static void code_from_written_files_is_residue(void **state)
{
	const struct sm_learn_options options = { 0 };
	struct bench b;

	(void)state;
	start(&b);
	see_open(&b, 0, APP "/plugin.py", WRITE);
	see_load(&b, APP "/plugin.py");
	learn_with(&b, &options);
	assert_int_equal(b.learned.residue_count, 1);
	finish(&b);
}

static void stopped_events_are_not_learned_from(void **state)
{
	struct sm_value args[3];
	struct sm_event e = open_event(args, "/etc/shadow", READ);
	struct sm_observed o;
	struct bench b;

	(void)state;
	start(&b);
	e.verdict.decision = SM_DENIED;
	add(&b, 0, &e);
	learn(&b);
	assert_false(allows_open(&b, "/etc/shadow", READ));
	sm_observations_count(b.seen, &o);
	assert_int_equal(o.denied, 1);
	finish(&b);
}

static void forged_events_are_not_learned_from(void **state)
{
	struct sm_value args[3];
	struct sm_event e = open_event(args, "/etc/shadow", READ);
	struct sm_observed o;
	struct bench b;
	uint64_t calls;

	(void)state;
	start(&b);
	e.site.kind = SM_EVENT_OTHER;
	e.site.event = SM_STR(SM_EVENT_FORGED "open");
	sm_observations_count(b.seen, &o);
	calls = o.calls;
	add(&b, 0, &e);
	sm_observations_count(b.seen, &o);
	assert_int_equal(o.forged, 1);
	assert_int_equal(o.calls, calls);
	e.site.event = SM_STR("forgedopen");
	add(&b, 0, &e);
	sm_observations_count(b.seen, &o);
	assert_int_equal(o.forged, 1);
	assert_int_equal(o.calls, calls + 1);
	finish(&b);
}

static void strange_bytes_survive(void **state)
{
	static const char *const names[] = {
		APP "/data/a*b.json",	      APP "/data/<int>.json",
		APP "/data/$HOME.json",	      APP "/data/${APP}.json",
		APP "/data/back\\slash.json", APP "/data/new\nline.json",
	};
	struct bench b;

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		start_single(&b);
		see_open(&b, 0, names[i], READ);
		learn(&b);
		assert_true(allows_open(&b, names[i], READ));
		assert_false(allows_open(&b, APP "/data/1.json", READ));
		assert_false(allows_open(&b, APP "/data/axb.json", READ));
		finish(&b);
	}
}

static void nothing_recorded_is_refused(void **state)
{
	const struct sm_learn_options options = { 0 };
	struct sm_observations *o = sm_observations_new();
	struct sm_learned learned;
	struct sm_diag diag = { 0 };

	(void)state;
	assert_int_equal(sm_learn(o, &options, &learned, &diag), SM_INVALID);
	assert_non_null(strstr(diag.text, "nothing was recorded"));
	sm_learned_fini(&learned);
	sm_observations_free(o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			distributions_are_granted_whole_and_modules_by_name),
		cmocka_unit_test(risky_grants_are_marked_and_strict_drops_them),
		cmocka_unit_test(what_runs_what_it_is_told_is_marked),
		cmocka_unit_test(
			strict_leaves_to_others_what_is_no_risk_for_them),
		cmocka_unit_test(code_from_written_files_is_residue),
		cmocka_unit_test(stopped_events_are_not_learned_from),
		cmocka_unit_test(forged_events_are_not_learned_from),
		cmocka_unit_test(strange_bytes_survive),
		cmocka_unit_test(nothing_recorded_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
