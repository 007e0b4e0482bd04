/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Code that is written and then loaded: by nobody, but where a rule says that
 * who writes makes code, as template engines do.
 */
#include "tests/unit/learn_fixture.h"

#include "schema/policy.h"

#define CACHE APP "/cache/"
#define SITE  "/usr/lib/python3/dist-packages/"

static const struct sm_principal engine = { .kind = SM_PRINCIPAL_DISTRIBUTION,
					    .name = SM_STR("engine"),
					    .file = SM_STR("") };

static void see_made(struct bench *b, int run, const char *path,
		     const struct sm_principal *who)
{
	struct sm_value args[3];
	struct sm_event e = open_event(args, path, WRITE);

	e.site.principal = *who;
	add(b, run, &e);
	see_load(b, path);
}

static bool makes(const struct bench *b, const char *path,
		  const struct sm_principal *who)
{
	struct sm_value args[3];
	struct sm_event e = open_event(args, path, WRITE);

	e.site.principal = *who;
	return allows(b, &e);
}

static bool loads(const struct bench *b, const char *path)
{
	struct sm_value args[3];
	struct sm_event e = load_event(args, path);

	return allows(b, &e);
}

static void start_with_engine(struct bench *b)
{
	start(b);
	see_load(b, SITE "engine/__init__.py");
}

static void what_a_package_makes_it_loads(void **state)
{
	struct bench b;
	char *policy;

	(void)state;
	start_with_engine(&b);
	see_made(&b, 0, CACHE "base.page.py", &engine);
	see_made(&b, 0, CACHE "index.page.py", &engine);
	learn(&b); /* without residue */
	assert_true(loads(&b, CACHE "index.page.py"));
	assert_true(makes(&b, CACHE "index.page.py", &engine));
	/* Two do not open a place. */
	assert_false(makes(&b, CACHE "help.page.py", &engine));
	assert_false(makes(&b, CACHE "index.page.py", &app));
	policy = print(&b);
	assert_non_null(strstr(policy, "\"makes\": \"code\""));
	assert_non_null(strstr(policy, "writes code that it may load"));
	free(policy);
	finish(&b);
}

static void three_open_the_place(void **state)
{
	struct bench b;

	(void)state;
	start_with_engine(&b);
	see_made(&b, 0, CACHE "base.page.py", &engine);
	see_made(&b, 1, CACHE "index.page.py", &engine);
	see_made(&b, 2, CACHE "list.page.py", &engine);
	learn(&b);
	assert_true(makes(&b, CACHE "help.page.py", &engine));
	assert_true(loads(&b, CACHE "help.page.py"));
	assert_false(makes(&b, CACHE "help.page.py", &app));
	assert_false(makes(&b, CACHE "help.py", &engine));
	assert_false(loads(&b, CACHE "help.py"));
	assert_false(loads(&b, CACHE ".x.page.py"));
	finish(&b);
}

/* What native code loads needs no rule, so there is none to import it. */
static void libraries_that_native_code_loads_are_no_modules(void **state)
{
	static const char *const made[] = { CACHE "a.jit.so", CACHE "b.jit.so",
					    CACHE "c.jit.so" };
	struct bench b;

	(void)state;
	start_with_engine(&b);
	for (int i = 0; i < 3; i++) {
		struct sm_value args[3];
		struct sm_event e = open_event(args, made[i], WRITE);

		e.site.principal = engine;
		add(&b, i, &e);
		args[0] = text(made[i]);
		e = event_of("secmgr.loaded", args, 1);
		e.site.principal = engine;
		add(&b, i, &e);
	}
	learn(&b); /* without residue */
	assert_true(makes(&b, CACHE "d.jit.so", &engine));
	assert_false(makes(&b, CACHE "d.jit.so", &app));
	assert_false(loads(&b, CACHE "a.jit.so"));
	assert_false(loads(&b, CACHE "d.jit.so"));
	finish(&b);
}

/* Nor does one that holds code which nobody made, or that others write. */
static void a_place_with_other_code_stays_closed(void **state)
{
	const char *const others[] = { CACHE "shipped.page.py",
				       CACHE "upload.page.py" };

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct bench b;

		start_with_engine(&b);
		see_made(&b, 0, CACHE "base.page.py", &engine);
		see_made(&b, 1, CACHE "index.page.py", &engine);
		see_made(&b, 2, CACHE "list.page.py", &engine);
		if (i)
			see_open(&b, 0, others[i], WRITE);
		else
			see_load(&b, others[i]);
		learn(&b);
		assert_true(loads(&b, CACHE "base.page.py"));
		assert_false(makes(&b, CACHE "help.page.py", &engine));
		assert_false(loads(&b, CACHE "help.page.py"));
		finish(&b);
	}
}

/* The application, Python and everybody else never make code. */
static void what_the_application_wrote_is_no_code(void **state)
{
	const struct sm_learn_options options = { 0 };
	struct bench b;

	(void)state;
	start_with_engine(&b);
	see_made(&b, 0, CACHE "base.page.py", &app);
	learn_with(&b, &options);
	assert_int_equal(b.learned.residue_count, 1);
	assert_false(loads(&b, CACHE "base.page.py"));
	finish(&b);
}

static void one_other_writer_is_enough(void **state)
{
	const struct sm_learn_options options = { 0 };
	struct bench b;

	(void)state;
	start_with_engine(&b);
	see_made(&b, 0, CACHE "base.page.py", &engine);
	see_open(&b, 0, CACHE "base.page.py", WRITE);
	learn_with(&b, &options);
	assert_int_equal(b.learned.residue_count, 1);
	assert_false(loads(&b, CACHE "base.page.py"));
	finish(&b);
}

/* ------------------------------------------------------------------ parser */

static void makes_needs_somebody_and_a_file(void **state)
{
	static const struct {
		const char *policy, *says;
	} rows[] = {
		{ "{\"secmgr\": 1, \"files\": [{\"path\": \"/a\", "
		  "\"access\": [\"write\"], \"makes\": \"code\"}]}",
		  "who makes code must be named: \"makes\" needs \"by\"" },
		{ "{\"secmgr\": 1, \"files\": [{\"path\": \"/a\", "
		  "\"access\": [\"write\"], \"by\": [\"m\"], "
		  "\"makes\": \"data\"}]}",
		  "unknown \"makes\": \"data\"; it is code" },
		{ "{\"secmgr\": 1, \"deny\": [{\"path\": \"/a\", "
		  "\"access\": [\"write\"], \"by\": [\"m\"], "
		  "\"makes\": \"code\"}]}",
		  "\"makes\" goes with what is allowed only" },
		{ "{\"secmgr\": 1, \"code\": [{\"load\": \"/a\", "
		  "\"by\": [\"m\"], \"makes\": \"code\"}]}",
		  "unknown key \"makes\" in a rule of code; "
		  "one of id, load, exec, by, via, seen" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct sm_rules *rules = NULL;
		struct sm_diag diag = { 0 };

		assert_int_not_equal(sm_policy_parse(rows[i].policy,
						     strlen(rows[i].policy),
						     &rules, &diag),
				     SM_OK);
		assert_string_equal(diag.text, rows[i].says);
		sm_rules_free(rules);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_a_package_makes_it_loads),
		cmocka_unit_test(three_open_the_place),
		cmocka_unit_test(
			libraries_that_native_code_loads_are_no_modules),
		cmocka_unit_test(a_place_with_other_code_stays_closed),
		cmocka_unit_test(what_the_application_wrote_is_no_code),
		cmocka_unit_test(one_other_writer_is_enough),
		cmocka_unit_test(makes_needs_somebody_and_a_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
