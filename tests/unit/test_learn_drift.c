/* SPDX-License-Identifier: Apache-2.0 */
/* What a new version of a program needs, and needs no more. */
#include "tests/unit/learn_fixture.h"

#define FOUND_BYTES 1024

/* What was found, in its order: "-/etc/a +/etc/b =APP". */
static void put_found(void *context, const struct sm_drift *drift)
{
	char *out = context;
	struct sm_str what = drift->moved  ? drift->moved->name
			     : drift->rule ? drift->rule->pattern
					   : drift->bundle;

	snprintf(out + strlen(out), FOUND_BYTES - strlen(out), "%s%c%.*s",
		 *out ? " " : "",
		 drift->moved	 ? '='
		 : drift->is_new ? '+'
				 : '-',
		 (int)what.len, what.p);
}

static void expect(struct bench *before, struct bench *now,
		   const char *expected)
{
	const struct sm_learn_options options = { 0 };
	struct sm_diag diag = { 0 };
	char found[FOUND_BYTES] = "";

	if (sm_learn_drift(before->seen, now->seen, &options, put_found, found,
			   &diag) != SM_OK)
		fail_msg("%s", diag.text);
	assert_string_equal(found, expected);
	finish(before);
	finish(now);
}

static void members_of_a_set_are_no_drift(void **state)
{
	struct bench before, now;

	(void)state;
	start(&before);
	start(&now);
	for (int i = 0; i < 3; i++) {
		see_open(&before, i,
			 (const char *[]){ APP "/up/anna.txt",
					   APP "/up/ben.txt",
					   APP "/up/carl.txt" }[i],
			 WRITE);
		see_open(&now, i,
			 (const char *[]){ APP "/up/dora.txt",
					   APP "/up/emil.txt",
					   APP "/up/fritz.txt" }[i],
			 WRITE);
	}
	see_open(&before, 0, "/etc/shop-1", READ);
	see_open(&now, 0, "/etc/shop-2", READ);
	expect(&before, &now, "-/etc/shop-1 +/etc/shop-2");
}

/* A bundle grants what its rules do. */
static void bundles_that_come_and_go_are_told(void **state)
{
	static const char *const files[] = {
		"/etc/hosts",	  "/etc/resolv.conf", "/etc/nsswitch.conf",
		"/etc/host.conf", "/etc/gai.conf",    NULL
	};
	struct bench before, now;

	(void)state;
	for (int comes = 0; comes < 2; comes++) {
		start(&before);
		start(&now);
		for (size_t i = 0; files[i]; i++)
			see_open(comes ? &now : &before, 0, files[i], READ);
		expect(&before, &now, comes ? "+resolver" : "-resolver");
	}
}

/* As start(), for the same program in another directory. */
static void start_in(struct bench *b, const char *dir)
{
	static char script[64], settings[64];
	struct sm_value args[3];
	struct sm_event e;

	snprintf(script, sizeof(script), "%s/app.py", dir);
	snprintf(settings, sizeof(settings), "%s/settings.ini", dir);
	start_script(b, script, 1);
	e = open_event(args, settings, READ);
	e.site.principal.file = sm_str_of(script);
	add(b, 0, &e);
	e = open_event(args, "/etc/shop", READ);
	e.site.principal.file = sm_str_of(script);
	add(b, 0, &e);
}

static void a_program_that_moved_is_the_same(void **state)
{
	struct bench before, now;

	(void)state;
	start_in(&before, "/srv/shop-1.0");
	start_in(&now, "/srv/shop-1.1");
	expect(&before, &now, "=APP");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(members_of_a_set_are_no_drift),
		cmocka_unit_test(bundles_that_come_and_go_are_told),
		cmocka_unit_test(a_program_that_moved_is_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
