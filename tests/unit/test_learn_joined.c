/* SPDX-License-Identifier: Apache-2.0 */
/* Directories that others join: their code, and data beside it. */
#include "tests/unit/learn_fixture.h"

#define PLUGINS APP "/plugins"
#define SITE	PLUGINS "/venv/lib/python3.11/site-packages"

static void load_in(struct bench *b, int run, const char *path)
{
	struct sm_value args[3];
	struct sm_event e = load_event(args, path);

	add(b, run, &e);
}

static bool loads(const struct bench *b, const char *path)
{
	struct sm_value args[3];
	struct sm_event e = load_event(args, path);

	return allows(b, &e);
}

static void tool_read_in(struct bench *b, int run, const char *path)
{
	struct sm_value args[3];
	struct sm_event e = open_event(args, path, READ);

	e.site.principal = tool;
	add(b, run, &e);
}

/* Three directories, of which two runs each had one to itself. */
static void see_plugins(struct bench *b)
{
	load_in(b, 0, PLUGINS "/ink/plugin.py");
	load_in(b, 0, PLUGINS "/paper/heavy/plugin.py");
	load_in(b, 1, PLUGINS "/paper/heavy/plugin.py");
	load_in(b, 1, PLUGINS "/glue/plugin.py");
}

static bool is_reviewed(const struct bench *b, const char *pattern)
{
	for (size_t i = 0; i < b->learned.rules->count; i++) {
		const struct sm_rule *rule = &b->learned.rules->rules[i];

		if (sm_str_equal(rule->pattern, sm_str_of(pattern)) &&
		    rule->family == SM_FAMILY_CODE)
			return rule->review.len > 0;
	}
	fail_msg("no rule for %s", pattern);
	return false;
}

/* Learned whatever the gate has to say of it. */
static void learn_anyhow(struct bench *b)
{
	const struct sm_learn_options options = { .level = SM_LEVEL_BALANCED };

	learn_with(b, &options);
}

/* --------------------------------------------------------------------- code */

static void code_of_directories_that_others_join_opens(void **state)
{
	struct bench b;

	(void)state;
	start(&b);
	see_plugins(&b);
	learn(&b);
	assert_true(loads(&b, PLUGINS "/ink/plugin.py"));
	assert_true(loads(&b, PLUGINS "/wax/plugin.py"));
	assert_true(loads(&b, PLUGINS "/wax/Red v2.1/plugin.py"));
	assert_false(loads(&b, PLUGINS "/wax/other.py"));
	assert_false(loads(&b, PLUGINS "/ink/other.py"));
	assert_false(loads(&b, PLUGINS "/.wax/plugin.py"));
	assert_false(loads(&b, APP "/wax/plugin.py"));
	/* It is code, and nothing to be read as data. */
	assert_false(allows_open(&b, PLUGINS "/wax/plugin.py", READ));
	assert_true(is_reviewed(&b, "${APP}/plugins/<tree>/plugin.py"));
	finish(&b);
}

static bool reads_as(const struct bench *b, const char *file)
{
	struct sm_value args[3];
	struct sm_event e = open_event(args, APP "/words.txt", READ);

	e.site.principal.file = sm_str_of(file);
	return allows(b, &e);
}

static void such_code_is_the_applications(void **state)
{
	struct bench b;

	(void)state;
	start(&b);
	see_plugins(&b);
	see_open(&b, 0, APP "/words.txt", READ);
	learn(&b);
	assert_true(reads_as(&b, PLUGINS "/wax/plugin.py"));
	assert_false(reads_as(&b, PLUGINS "/wax/other.py"));
	assert_false(reads_as(&b, APP "/wax/plugin.py"));
	finish(&b);
}

/* Three of directory, of which some are left out of what opens. */
static void see_three(struct bench *b, const char *name)
{
	static const char *const dirs[] = { "ink", "paper", "glue" };
	char path[100];

	for (int i = 0; i < 3; i++) {
		snprintf(path, sizeof(path), PLUGINS "/%s/%s", dirs[i], name);
		load_in(b, i, path);
	}
}

static void two_directories(struct bench *b)
{
	load_in(b, 0, PLUGINS "/ink/plugin.py");
	load_in(b, 1, PLUGINS "/glue/plugin.py");
}

static void all_in_every_run(struct bench *b)
{
	for (int run = 0; run < 3; run++) {
		load_in(b, run, PLUGINS "/ink/plugin.py");
		load_in(b, run, PLUGINS "/paper/plugin.py");
		load_in(b, run, PLUGINS "/glue/plugin.py");
	}
}

static void one_that_came_late(struct bench *b)
{
	all_in_every_run(b);
	load_in(b, 3, PLUGINS "/wax/plugin.py");
}

/* As applications of Django are. */
static void packages(struct bench *b)
{
	see_three(b, "plugin.py");
	load_in(b, 0, PLUGINS "/ink/__init__.py");
	load_in(b, 1, PLUGINS "/paper/__init__.py");
	load_in(b, 2, PLUGINS "/glue/__init__.py");
}

static void a_directory_that_the_program_makes(struct bench *b)
{
	see_three(b, "plugin.py");
	see_mkdir(b, 1, PLUGINS "/paper");
}

static void one_that_the_program_writes(struct bench *b)
{
	see_three(b, "plugin.py");
	see_open(b, 2, PLUGINS "/glue/plugin.py", WRITE);
}

static void others_that_the_program_writes(struct bench *b)
{
	see_three(b, "plugin.py");
	see_open(b, 3, PLUGINS "/out/plugin.py", WRITE);
}

static void one_that_was_only_asked_for(struct bench *b)
{
	see_three(b, "plugin.py");
	see_run(b, PLUGINS "/ink/plugin.py", "maker");
	see_run(b, PLUGINS "/paper/plugin.py", "maker");
}

static void hidden_ones(struct bench *b)
{
	load_in(b, 0, PLUGINS "/.ink/plugin.py");
	load_in(b, 1, PLUGINS "/.paper/plugin.py");
	load_in(b, 2, PLUGINS "/glue/plugin.py");
}

/* The directory they have in common holds what is installed, too. */
static void ones_beside_libraries(struct bench *b)
{
	see_load(b, SITE "/maker.py");
	see_three(b, "plugin.py");
}

static void ones_that_are_installed(struct bench *b)
{
	load_in(b, 0, SITE "/ink/plugin.py");
	load_in(b, 1, SITE "/paper/plugin.py");
	load_in(b, 2, SITE "/glue/plugin.py");
}

/* Somebody may link to another file of that name tomorrow. */
static void ones_that_links_lead_to(struct bench *b)
{
	static const char *const paths[] = { PLUGINS "/ink/plugin.py",
					     PLUGINS "/paper/plugin.py",
					     PLUGINS "/glue/plugin.py" };
	struct sm_value args[4];
	struct sm_event e;

	for (int i = 0; i < 3; i++) {
		e = load_event(args, paths[i]);
		args[3] = text(APP "/current.py");
		e = event_of("secmgr.opened", args, 4);
		e.site.via = SM_VIA_IMPORT;
		add(b, i, &e);
	}
}

/* Lines of what failed, whoever ran it. */
static void ones_in_reports(struct bench *b)
{
	static const char *const paths[] = { PLUGINS "/ink/plugin.py",
					     PLUGINS "/paper/plugin.py",
					     PLUGINS "/glue/plugin.py" };
	struct sm_value args[3];
	struct sm_event e;

	for (int i = 0; i < 3; i++) {
		e = load_event(args, paths[i]);
		e.site.via = SM_VIA_TRACEBACK;
		add(b, i, &e);
	}
}

static void other_directories_stay_out(void **state)
{
	static void (*const rows[])(struct bench *) = {
		two_directories,
		all_in_every_run,
		one_that_came_late,
		packages,
		a_directory_that_the_program_makes,
		one_that_the_program_writes,
		others_that_the_program_writes,
		one_that_was_only_asked_for,
		hidden_ones,
		ones_beside_libraries,
		ones_that_are_installed,
		ones_that_links_lead_to,
		ones_in_reports,
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct bench b;

		start(&b);
		rows[i](&b);
		learn_anyhow(&b);
		if (loads(&b, PLUGINS "/wax/2/plugin.py") ||
		    loads(&b, SITE "/wax/plugin.py"))
			fail_msg("row %zu opens", i);
		finish(&b);
	}
}

static void code_elsewhere_stays_as_recorded(void **state)
{
	struct bench b;

	(void)state;
	start(&b);
	load_in(&b, 0, "/var/lib/plugins/ink/plugin.py");
	load_in(&b, 1, "/var/lib/plugins/paper/plugin.py");
	load_in(&b, 2, "/var/lib/plugins/glue/plugin.py");
	learn(&b);
	assert_true(loads(&b, "/var/lib/plugins/glue/plugin.py"));
	assert_false(loads(&b, "/var/lib/plugins/wax/plugin.py"));
	finish(&b);
}

static void names_that_python_looks_for_stay_out(void **state)
{
	static const char *const names[] = {
		"__init__.py",	    "__main__.py", "sitecustomize.py",
		"usercustomize.py", "fast.so",	   ".hidden.py"
	};
	char path[100];

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		struct bench b;

		start(&b);
		see_three(&b, names[i]);
		learn_anyhow(&b);
		snprintf(path, sizeof(path), PLUGINS "/wax/%s", names[i]);
		if (loads(&b, path))
			fail_msg("%s opens", names[i]);
		finish(&b);
	}
}

static void code_stays_as_recorded_when_tight_or_strict(void **state)
{
	static const struct sm_learn_options rows[] = {
		{ .level = SM_LEVEL_TIGHT },
		{ .strict = true },
	};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct bench b;

		start(&b);
		see_plugins(&b);
		learn_with(&b, &rows[i]);
		assert_int_equal(b.learned.residue_count, 0);
		assert_true(loads(&b, PLUGINS "/ink/plugin.py"));
		assert_false(loads(&b, PLUGINS "/wax/plugin.py"));
		finish(&b);
	}
}

/* Each was loaded twice a day. */
static void days_have_directories_of_their_own(void **state)
{
	(void)state;
	for (int are_days_known = 0; are_days_known < 2; are_days_known++) {
		struct bench b;

		start(&b);
		for (int run = 0; run < 4; run++) {
			uint64_t identity = b.seen->owners[b.owners[run]].run;

			load_in(&b, run, PLUGINS "/ink/plugin.py");
			load_in(&b, run,
				run < 2 ? PLUGINS "/paper/plugin.py"
					: PLUGINS "/glue/plugin.py");
			if (are_days_known)
				sm_observe_trace(
					sm_observe_run(b.seen, identity),
					1 + (uint64_t)run / 2);
		}
		learn(&b);
		assert_int_equal(loads(&b, PLUGINS "/wax/plugin.py"),
				 are_days_known);
		finish(&b);
	}
}

static void a_file_elsewhere_opens_no_more(void **state)
{
	struct bench b;

	(void)state;
	start(&b);
	see_plugins(&b);
	load_in(&b, 2, APP "/plugin.py");
	learn(&b);
	assert_true(loads(&b, PLUGINS "/wax/plugin.py"));
	assert_true(loads(&b, APP "/plugin.py"));
	assert_false(loads(&b, APP "/wax/plugin.py"));
	finish(&b);
}

/* Of three such directories a third one: those that hold them have others. */
static void directories_of_directories_open_where_several_are(void **state)
{
	struct bench b;

	(void)state;
	start(&b);
	see_plugins(&b);
	load_in(&b, 2, APP "/hooks/plugin.py");
	load_in(&b, 3, APP "/filters/plugin.py");
	learn(&b);
	assert_true(loads(&b, PLUGINS "/wax/plugin.py"));
	assert_true(loads(&b, APP "/wax/plugin.py"));
	finish(&b);
}

/* A build looks whether anything has changed. */
static void who_reads_it_as_data_reads_the_next(void **state)
{
	struct bench b;

	(void)state;
	start(&b);
	see_plugins(&b);
	see_open(&b, 0, PLUGINS "/ink/plugin.py", READ);
	see_open(&b, 0, PLUGINS "/paper/heavy/plugin.py", READ);
	see_open(&b, 1, PLUGINS "/glue/plugin.py", READ);
	tool_read_in(&b, 0, PLUGINS "/ink/plugin.py");
	learn(&b);
	assert_true(allows_open(&b, PLUGINS "/wax/plugin.py", READ));
	assert_false(allows_open(&b, PLUGINS "/wax/plugin.py", WRITE));
	assert_false(allows_open(&b, PLUGINS "/wax/other.py", READ));
	assert_true(tool_opens(&b, PLUGINS "/ink/plugin.py", READ));
	assert_false(tool_opens(&b, PLUGINS "/wax/plugin.py", READ));
	finish(&b);
}

/* --------------------------------------------------------------------- data */

#define CODE PLUGINS "/ink/main.py"

static void data_beside_code_opens_by_its_extension(void **state)
{
	struct sm_value args[3];
	struct sm_event e;
	struct bench b;

	(void)state;
	start(&b);
	see_load(&b, CODE);
	tool_read_in(&b, 0, PLUGINS "/ink/art/drop.png");
	tool_read_in(&b, 1, PLUGINS "/paper/sheet.png");
	tool_read_in(&b, 2, PLUGINS "/glue/art/pot.png");
	learn(&b);
	assert_true(tool_opens(&b, PLUGINS "/wax/red one.png", READ));
	assert_true(tool_opens(&b, PLUGINS "/ink/art/big/x.png", READ));
	assert_false(tool_opens(&b, PLUGINS "/wax/red.png", WRITE));
	assert_false(tool_opens(&b, PLUGINS "/wax/red.jpeg", READ));
	assert_false(tool_opens(&b, PLUGINS "/wax/red.py", READ));
	assert_false(tool_opens(&b, PLUGINS "/wax/.red.png", READ));
	assert_false(tool_opens(&b, PLUGINS "/.wax/red.png", READ));
	assert_false(tool_opens(&b, APP "/wax/red.png", READ));
	assert_false(allows_open(&b, PLUGINS "/wax/red.png", READ));
	e = open_event(args, PLUGINS "/wax/red.png", READ);
	e.site.principal = tool;
	e.site.principal.name = SM_STR("other");
	assert_false(allows(&b, &e));
	finish(&b);
}

static void data_in_two_directories(struct bench *b)
{
	see_load(b, CODE);
	tool_read_in(b, 0, PLUGINS "/ink/art/drop.png");
	tool_read_in(b, 1, PLUGINS "/ink/art/two.png");
	tool_read_in(b, 2, PLUGINS "/glue/art/pot.png");
}

static void data_of_every_run(struct bench *b)
{
	see_load(b, CODE);
	for (int run = 0; run < 3; run++) {
		tool_read_in(b, run, PLUGINS "/ink/art/drop.png");
		tool_read_in(b, run, PLUGINS "/paper/art/sheet.png");
		tool_read_in(b, run, PLUGINS "/glue/art/pot.png");
	}
}

static void data_that_is_written(struct bench *b)
{
	see_load(b, CODE);
	tool_read_in(b, 0, PLUGINS "/ink/art/drop.png");
	tool_read_in(b, 1, PLUGINS "/paper/art/sheet.png");
	tool_read_in(b, 2, PLUGINS "/glue/art/pot.png");
	see_open(b, 3, PLUGINS "/paper/art/sheet.png", WRITE);
}

static void data_where_directories_are_made(struct bench *b)
{
	see_load(b, CODE);
	see_mkdir(b, 3, PLUGINS "/paper/art");
	tool_read_in(b, 0, PLUGINS "/ink/art/drop.png");
	tool_read_in(b, 1, PLUGINS "/paper/art/sheet.png");
	tool_read_in(b, 2, PLUGINS "/glue/art/pot.png");
}

/* It may open whole, if there is more of it. */
static void data_without_code(struct bench *b)
{
	tool_read_in(b, 0, PLUGINS "/ink/art/drop.png");
	tool_read_in(b, 1, PLUGINS "/paper/sheet.png");
	tool_read_in(b, 2, PLUGINS "/glue/art/pot.png");
}

/* What is beside it then is the whole program. */
static void data_beside_the_program(struct bench *b)
{
	tool_read_in(b, 0, APP "/ink/art/drop.png");
	tool_read_in(b, 1, APP "/plugins/paper/art/sheet.png");
	tool_read_in(b, 2, APP "/glue/art/pot.png");
}

static void data_of_several_extensions(struct bench *b)
{
	see_load(b, CODE);
	tool_read_in(b, 0, PLUGINS "/ink/art/drop.png");
	tool_read_in(b, 1, PLUGINS "/paper/art/sheet.jpeg");
	tool_read_in(b, 2, PLUGINS "/glue/art/pot.gif");
}

static void the_applications_data(struct bench *b)
{
	see_load(b, CODE);
	see_open(b, 0, PLUGINS "/ink/art/drop.png", READ);
	see_open(b, 1, PLUGINS "/paper/art/sheet.png", READ);
	see_open(b, 2, PLUGINS "/glue/art/pot.png", READ);
}

static void other_data_stays_closed(void **state)
{
	static void (*const rows[])(struct bench *) = {
		data_in_two_directories,
		data_of_every_run,
		data_where_directories_are_made,
		data_without_code,
		data_that_is_written,
		data_beside_the_program,
		data_of_several_extensions,
		the_applications_data,
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct bench b;

		start(&b);
		rows[i](&b);
		learn(&b);
		if (tool_opens(&b, PLUGINS "/wax/2/red.png", READ) ||
		    allows_open(&b, PLUGINS "/wax/2/red.png", READ))
			fail_msg("row %zu opens", i);
		finish(&b);
	}
}

static void names_that_are_no_data_stay_closed(void **state)
{
	static const char *const dirs[] = { "ink", "paper", "glue" };
	static const char *const ends[] = { ".pth", ".pem", ".x", "" };
	char path[100];

	(void)state;
	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++) {
		struct bench b;

		start(&b);
		see_load(&b, CODE);
		for (int run = 0; run < 3; run++) {
			snprintf(path, sizeof(path), PLUGINS "/%s/file%d%s",
				 dirs[run], run, ends[i]);
			tool_read_in(&b, run, path);
		}
		learn(&b);
		snprintf(path, sizeof(path), PLUGINS "/wax/2/red%s", ends[i]);
		if (tool_opens(&b, path, READ))
			fail_msg("%s opens", ends[i]);
		finish(&b);
	}
}

static void data_stays_as_recorded_when_tight(void **state)
{
	const struct sm_learn_options options = { .level = SM_LEVEL_TIGHT };
	struct bench b;

	(void)state;
	start(&b);
	see_load(&b, CODE);
	tool_read_in(&b, 0, PLUGINS "/ink/art/drop.png");
	tool_read_in(&b, 1, PLUGINS "/paper/sheet.png");
	tool_read_in(&b, 2, PLUGINS "/glue/art/pot.png");
	learn_with(&b, &options);
	assert_true(tool_opens(&b, PLUGINS "/paper/sheet.png", READ));
	assert_false(tool_opens(&b, PLUGINS "/wax/red.png", READ));
	finish(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(code_of_directories_that_others_join_opens),
		cmocka_unit_test(such_code_is_the_applications),
		cmocka_unit_test(other_directories_stay_out),
		cmocka_unit_test(code_elsewhere_stays_as_recorded),
		cmocka_unit_test(names_that_python_looks_for_stay_out),
		cmocka_unit_test(code_stays_as_recorded_when_tight_or_strict),
		cmocka_unit_test(days_have_directories_of_their_own),
		cmocka_unit_test(a_file_elsewhere_opens_no_more),
		cmocka_unit_test(
			directories_of_directories_open_where_several_are),
		cmocka_unit_test(who_reads_it_as_data_reads_the_next),
		cmocka_unit_test(data_beside_code_opens_by_its_extension),
		cmocka_unit_test(other_data_stays_closed),
		cmocka_unit_test(names_that_are_no_data_stay_closed),
		cmocka_unit_test(data_stays_as_recorded_when_tight),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
