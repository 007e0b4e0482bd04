/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/learn_fixture.h"

static void generated_names_open_behind_their_first_word(void **state)
{
	struct bench b;

	(void)state;
	start(&b);
	see_run(&b, "<maker generated eq Point>", "maker");
	see_run(&b, "<maker generated eq Line>", "maker");
	see_run(&b, "<maker generated hash Line>", "maker");
	see_run(&b, "<other one>", "maker");
	learn(&b);
	assert_true(allows_run(&b, "<maker generated eq new.Shape>", "maker"));
	assert_true(allows_run(&b, "<other one>", "maker"));
	assert_false(allows_run(&b, "<other two>", "maker"));
	assert_false(allows_run(&b, "<maker generated eq Line>", "else"));
	assert_false(allows_run(&b, "<string>", "maker"));
	finish(&b);
}

static void numbers_in_generated_names_open_when_seen_once(void **state)
{
	struct bench b;

	(void)state;
	start(&b);
	see_run(&b, "<lambda-1>", "maker");
	learn(&b);
	assert_true(allows_run(&b, "<lambda-20>", "maker"));
	assert_false(allows_run(&b, "<lambda-x>", "maker"));
	finish(&b);
}

static bool is_reviewed(const struct bench *b, const char *pattern)
{
	for (size_t i = 0; i < b->learned.rules->count; i++) {
		const struct sm_rule *rule = &b->learned.rules->rules[i];

		if (sm_str_equal(rule->pattern, sm_str_of(pattern)))
			return rule->review.len;
	}
	fail_msg("no rule for %s", pattern);
	return false;
}

/* path is what the link led to. */
static void see_linked(struct bench *b, const char *path, const char *spelled)
{
	struct sm_value args[4];
	struct sm_event e;

	e = load_event(args, path);
	args[3] = text(spelled);
	e = event_of("secmgr.opened", args, 4);
	e.site.via = SM_VIA_IMPORT;
	add(b, 0, &e);
}

/* Who puts it there later has it run. */
static void code_that_was_only_asked_for_is_reviewed(void **state)
{
	(void)state;
	for (int is_run = 0; is_run < 2; is_run++) {
		struct bench b;

		start(&b);
		see_load(&b, APP "/tariffs/summer.py");
		see_load(&b, APP "/tariffs/autumn.py");
		see_linked(&b, "/usr/share/tariffs/warm.py",
			   APP "/tariffs/summer.py");
		if (is_run)
			see_run(&b, APP "/tariffs/summer.py", "maker");
		learn(&b);
		assert_false(is_reviewed(&b, "${APP}/tariffs/summer.py"));
		assert_false(is_reviewed(&b, "/usr/share/tariffs/warm.py"));
		/* Where nothing was run, nothing tells. */
		assert_int_equal(is_reviewed(&b, "${APP}/tariffs/autumn.py"),
				 is_run);
		finish(&b);
	}
}

static bool allows_load_as(const struct bench *b, const char *path)
{
	struct sm_value args[3];
	struct sm_event e = load_event(args, path);

	return allows(b, &e);
}

#define DIGEST "f5324f0b846743bb9e52044f265f4d1e"
#define OTHER  "0a7507736e5ef43f793cc9b98e32d38d"

/* Named by what it was made from, which is another text after an upgrade. */
static void a_package_names_its_code_by_a_digest_of_the_text(void **state)
{
	struct bench b;

	(void)state;
	start(&b);
	see_run(&b, APP "/home_" DIGEST ".py", "maker");
	see_run(&b, APP "/page.py", "maker");
	learn(&b);
	assert_true(allows_run(&b, APP "/home_" OTHER ".py", "maker"));
	assert_false(allows_run(&b, APP "/home_" OTHER ".py", "else"));
	assert_false(allows_run(&b, APP "/else_" OTHER ".py", "maker"));
	assert_false(allows_run(&b, APP "/home.py", "maker"));
	assert_false(allows_run(&b, "/srv/home_" OTHER ".py", "maker"));
	assert_true(allows_run(&b, APP "/page.py", "maker"));
	/* Nor is a file that comes to lie there code. */
	assert_false(allows_load_as(&b, APP "/home_" OTHER ".py"));
	finish(&b);
}

static void a_file_of_code_that_was_read_keeps_its_digest(void **state)
{
	struct bench b;

	(void)state;
	start(&b);
	see_load(&b, APP "/home_" DIGEST ".py");
	see_run(&b, APP "/home_" DIGEST ".py", "maker");
	see_open(&b, 0, APP "/plain_" DIGEST ".py", READ);
	see_run(&b, APP "/plain_" DIGEST ".py", "maker");
	see_run(&b, APP "/own_" DIGEST ".py", "app");
	learn(&b);
	assert_true(allows_run(&b, APP "/home_" DIGEST ".py", "maker"));
	assert_true(allows_run(&b, APP "/plain_" DIGEST ".py", "maker"));
	assert_true(allows_run(&b, APP "/own_" DIGEST ".py", "app"));
	assert_false(allows_run(&b, APP "/home_" OTHER ".py", "maker"));
	assert_false(allows_run(&b, APP "/plain_" OTHER ".py", "maker"));
	assert_false(allows_run(&b, APP "/own_" OTHER ".py", "app"));
	finish(&b);
}

/* Templates in memory, functions: what was at an address is elsewhere next. */
static void code_that_has_no_name_is_called_unknown(void **state)
{
	struct bench b;

	(void)state;
	start(&b);
	see_run(&b, "<template>", "maker");
	see_run(&b, "/srv/shop/a.html", "other");
	learn(&b);
	assert_true(allows_run(&b, "<unknown>", "maker"));
	assert_false(allows_run(&b, "<unknown>", "other"));
	assert_false(allows_run(&b, "<string>", "maker"));
	finish(&b);
}

static void addresses_in_names_open_when_seen_once(void **state)
{
	static const struct {
		const char *seen, *next, *other;
	} rows[] = {
		{ APP "/memory:0x7f316bfcdd90", APP "/memory:0x7ffe0123abcd",
		  APP "/memory:page" },
		{ "<lambda at 0x7f316bfcdd90>", "<lambda at 0x55d01234>",
		  "<lambda at home>" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct bench b;

		start(&b);
		see_run(&b, rows[i].seen, "maker");
		learn(&b);
		assert_true(allows_run(&b, rows[i].seen, "maker"));
		assert_true(allows_run(&b, rows[i].next, "maker"));
		assert_false(allows_run(&b, rows[i].other, "maker"));
		finish(&b);
	}
}

static void names_the_application_gives_stay_literal(void **state)
{
	static const char *const names[] = { "<rule a>", "<rule b>",
					     "<rule c>" };
	struct sm_value args[3];
	struct sm_event e;
	struct bench b;

	(void)state;
	start(&b);
	for (int i = 0; i < 3; i++) {
		e = run_event(args, names[i], "");
		e.site.principal = app;
		add(&b, 0, &e);
	}
	learn(&b);
	e = run_event(args, "<rule c>", "");
	e.site.principal = app;
	assert_true(allows(&b, &e));
	e = run_event(args, "<rule d>", "");
	e.site.principal = app;
	assert_false(allows(&b, &e));
	finish(&b);
}

static bool allows_own(const struct bench *b, const char *name)
{
	struct sm_value args[3];
	struct sm_event e = run_event(args, name, "");

	e.site.principal = app;
	return allows(b, &e);
}

static void numbers_the_application_gives_open_when_seen_thrice(void **state)
{
	static const char *const names[] = { "<rule 1>", "<rule 12>",
					     "<rule 7>" };
	struct sm_value args[3];
	struct sm_event e;
	struct bench b;

	(void)state;
	for (int count = 1; count <= 3; count += 2) {
		start(&b);
		for (int i = 0; i < count; i++) {
			e = run_event(args, names[i], "");
			e.site.principal = app;
			/* Once more, as somebody else sees it. */
			add(&b, 0, &e);
			e.site.function = SM_STR("other");
			add(&b, 1, &e);
		}
		learn(&b);
		assert_true(allows_own(&b, "<rule 1>"));
		assert_int_equal(allows_own(&b, "<rule 99>"), count > 2);
		assert_false(allows_own(&b, "<rule x>"));
		assert_false(allows_own(&b, "<string>"));
		finish(&b);
	}
}

static void a_name_that_goes_on_behind_its_bracket_is_a_name(void **state)
{
	struct bench b;

	(void)state;
	start(&b);
	see_run(&b, "<string>.generated.py", "maker");
	learn(&b);
	assert_true(allows_run(&b, "<string>.generated.py", "maker"));
	assert_false(allows_run(&b, "<string>.generated.py", "app"));
	assert_false(allows_run(&b, "<string>", "maker"));
	assert_int_equal(b.learned.residue_count, 0);
	finish(&b);
}

static void code_without_a_name_is_granted_to_who_ran_it(void **state)
{
	struct bench b;

	(void)state;
	start(&b);
	see_run(&b, "", "maker");
	learn(&b);
	assert_true(allows_run(&b, "", "maker"));
	assert_false(allows_run(&b, "", "else"));
	assert_false(allows_run(&b, "<string>", "maker"));
	finish(&b);
}

#define SITE "/srv/venv/lib/python3.11/site-packages/"

static bool loads(const struct bench *b, const char *path)
{
	struct sm_value args[3];
	struct sm_event e = load_event(args, path);

	return allows(b, &e);
}

static void what_a_distribution_needs_may_be_loaded_late(void **state)
{
	static const char installed[] =
		"shop 1 modules=shop,_shop needs=tax\n"
		"tax 1 modules=tax needs=rates,missing\n"
		"rates 1 modules=rates needs=shop\n"
		"hacks 1 modules=hack,more needs=other\n"
		"other 1 modules=other needs=\n";
	struct sm_value args[3];
	struct sm_event e;
	struct bench b;

	(void)state;
	start(&b);
	assert_int_equal(sm_observe_site(b.seen, SM_STR(installed)), SM_OK);
	see_load(&b, SITE "shop/__init__.py");
	e = load_event(args, SITE "hack.py");
	e.site.principal = (struct sm_principal){ .kind = SM_PRINCIPAL_PYTHON,
						  .name = SM_STR("python"),
						  .file = SM_STR("") };
	add(&b, 0, &e);
	learn(&b);
	assert_true(loads(&b, SITE "shop/late.py"));
	assert_true(loads(&b, SITE "_shop.so"));
	assert_true(loads(&b, SITE "tax/__init__.py"));
	assert_true(loads(&b, SITE "rates.py"));
	assert_false(loads(&b, SITE "other/__init__.py"));
	e = open_event(args, SITE "_shop/page.html", READ);
	e.site.principal =
		(struct sm_principal){ .kind = SM_PRINCIPAL_DISTRIBUTION,
				       .name = SM_STR("shop"),
				       .file = SM_STR("") };
	assert_true(allows(&b, &e));
	e = open_event(args, SITE "rates/table.csv", READ);
	e.site.principal =
		(struct sm_principal){ .kind = SM_PRINCIPAL_DISTRIBUTION,
				       .name = SM_STR("shop"),
				       .file = SM_STR("") };
	assert_false(allows(&b, &e));
	assert_true(loads(&b, SITE "hack.py"));
	assert_false(loads(&b, SITE "more.py"));
	assert_false(loads(&b, SITE "missing/__init__.py"));
	/* What was installed together reads each other's files. */
	e = open_event(args, SITE "shop/data.tsv", READ);
	e.site.principal =
		(struct sm_principal){ .kind = SM_PRINCIPAL_DISTRIBUTION,
				       .name = SM_STR("_shop"),
				       .file = SM_STR("") };
	assert_true(allows(&b, &e));
	e.site.principal.name = SM_STR("tax");
	assert_false(allows(&b, &e));
	finish(&b);
}

static void what_code_imports_and_wants_may_be_loaded_late(void **state)
{
	static const char installed[] =
		"shop 1 modules=shop needs= wants=map,idle\n"
		"map 1 modules=map,_map needs=ink wants=far\n"
		"ink 1 modules=ink needs= wants=\n"
		"far 1 modules=far needs= wants=\n"
		"idle 1 modules=idle needs= wants=\n"
		"toy 1 modules=toy needs= wants=map\n"
		"print 1 modules=print needs=ink wants=\n";
	struct bench b;

	(void)state;
	start(&b);
	assert_int_equal(sm_observe_site(b.seen, SM_STR(installed)), SM_OK);
	assert_int_equal(sm_observe_imports(b.seen, SM_STR(SITE "shop"),
					    SM_STR("_map\ntoy\n")),
			 SM_OK);
	assert_int_equal(
		sm_observe_imports(b.seen, SM_STR(SITE "map"), SM_STR("far\n")),
		SM_OK);
	assert_int_equal(
		sm_observe_imports(b.seen, SM_STR(APP), SM_STR("print\n")),
		SM_OK);
	see_load(&b, SITE "shop/__init__.py");
	see_load(&b, APP "/app.py");
	learn(&b);
	assert_true(loads(&b, SITE "map/__init__.py"));
	assert_true(loads(&b, SITE "ink/__init__.py"));
	assert_true(loads(&b, SITE "print.py"));
	/* What is not loaded says what it imports as it is. */
	assert_true(loads(&b, SITE "far/__init__.py"));
	/* Wanted but named nowhere; named but not wanted. */
	assert_false(loads(&b, SITE "idle/__init__.py"));
	assert_false(loads(&b, SITE "toy/__init__.py"));
	finish(&b);
}

static void descriptors_of_multiprocessing_are_in_no_rule(void **state)
{
	static const char *const seen[] = {
		"from multiprocessing.resource_tracker import main;main(5)",
		/* from 3.14.7 on */
		"import sys; from multiprocessing.forkserver import main; "
		"main(10, 11, ['p12'], sys_argv=sys.argv[1:], **{'key_r': 13})",
	};
	static const char *const next[] = {
		"from multiprocessing.resource_tracker import main;main(17)",
		"import sys; from multiprocessing.forkserver import main; "
		"main(20, 9, ['p12'], sys_argv=sys.argv[1:], **{'key_r': 7})",
	};
	static const char *const others[] = {
		"from multiprocessing.resource_tracker import main;main(f())",
		"import sys; from multiprocessing.forkserver import main; "
		"main(20, 9, ['p13'], sys_argv=sys.argv[1:], **{'key_r': 7})",
	};
	struct bench b;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		start(&b);
		see_popen(&b, 0, ARGV("/usr/bin/python3", "-c", seen[i]));
		learn(&b);
		assert_true(allows_popen(
			&b, ARGV("/usr/bin/python3", "-c", next[i])));
		assert_false(allows_popen(
			&b, ARGV("/usr/bin/python3", "-c", others[i])));
		finish(&b);
	}
}

/* As templates are compiled: it says nothing of other files called so. */
static void code_named_after_data_is_that_file(void **state)
{
	struct sm_value args[3];
	struct sm_event e;
	struct bench b;

	(void)state;
	start(&b);
	see_load(&b, APP "/pages/base.html");
	learn(&b);
	e = load_event(args, APP "/pages/base.html");
	assert_true(allows(&b, &e));
	e = load_event(args, "/home/shop/other.html");
	assert_false(allows(&b, &e));
	finish(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(code_that_was_only_asked_for_is_reviewed),
		cmocka_unit_test(
			a_name_that_goes_on_behind_its_bracket_is_a_name),
		cmocka_unit_test(generated_names_open_behind_their_first_word),
		cmocka_unit_test(
			numbers_in_generated_names_open_when_seen_once),
		cmocka_unit_test(
			a_package_names_its_code_by_a_digest_of_the_text),
		cmocka_unit_test(a_file_of_code_that_was_read_keeps_its_digest),
		cmocka_unit_test(addresses_in_names_open_when_seen_once),
		cmocka_unit_test(names_the_application_gives_stay_literal),
		cmocka_unit_test(
			numbers_the_application_gives_open_when_seen_thrice),
		cmocka_unit_test(code_without_a_name_is_granted_to_who_ran_it),
		cmocka_unit_test(what_a_distribution_needs_may_be_loaded_late),
		cmocka_unit_test(
			what_code_imports_and_wants_may_be_loaded_late),
		cmocka_unit_test(descriptors_of_multiprocessing_are_in_no_rule),
		cmocka_unit_test(code_named_after_data_is_that_file),
		cmocka_unit_test(code_that_has_no_name_is_called_unknown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
