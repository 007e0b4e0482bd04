/* SPDX-License-Identifier: Apache-2.0 */
/* Files of several formats: what else a program reads and makes. */
#include "tests/unit/learn_fixture.h"

/* Two formats of tables, and what is fetched beside them. */
static void who_reads_two_formats_reads_another(void **state)
{
	static const char *const names[] = { "jan", "feb", "mar" };

	(void)state;
	for (int formats = 1; formats < 3; formats++) {
		struct bench b;

		start(&b);
		for (int run = 0; run < 3; run++) {
			char path[128];

			see_load(&b, APP "/lib/shop.py");
			for (int i = 0; i < formats; i++) {
				snprintf(path, sizeof(path), APP "/in/%s.%s",
					 names[run], i ? "xlsx" : "csv");
				see_open(&b, run, path, READ);
			}
			see_open(&b, run, APP "/in/new.csv", WRITE);
		}
		learn(&b);
		assert_true(allows_open(&b, APP "/in/2026/may.csv", READ));
		assert_int_equal(allows_open(&b, APP "/in/may.ods", READ),
				 formats > 1);
		assert_int_equal(allows_open(&b, APP "/in/a/may.json", READ),
				 formats > 1);
		assert_false(allows_open(&b, APP "/in/.may.csv", READ));
		assert_false(allows_open(&b, APP "/in/may.ods", WRITE));
		finish(&b);
	}
}

static void formats_decide_which_package_writes(void **state)
{
	static const char *const owners[] = { "anna", "ben", "carla" };
	struct sm_value args[3];
	struct sm_event e;
	char path[128];

	for (int fills = 0; fills < 2; fills++) {
		struct bench b;

		(void)state;
		start(&b);
		for (int i = 0; i < 3; i++) {
			snprintf(path, sizeof(path), APP "/runs/%s", owners[i]);
			see_mkdir(&b, 0, path);
			snprintf(path, sizeof(path), APP "/runs/%s/%c.png",
				 owners[i], 'a' + i);
			tool_opened(&b, path, WRITE);
			snprintf(path, sizeof(path), APP "/runs/%s/%c.csv",
				 owners[i], 'x' - i);
			if (fills)
				see_open(&b, 0, path, WRITE);
		}
		learn(&b);
		e = open_event(args, APP "/runs/zoe/plot.svg", WRITE);
		e.site.principal.kind = SM_PRINCIPAL_DISTRIBUTION;
		e.site.principal.name = SM_STR("another");
		assert_int_equal(allows(&b, &e), fills);
		e.site.principal.kind = SM_PRINCIPAL_DYNAMIC;
		assert_false(allows(&b, &e));
		finish(&b);
	}
}

static const struct sm_principal scaler = { .kind = SM_PRINCIPAL_DISTRIBUTION,
					    .name = SM_STR("scaler") };

static bool scales(const struct bench *b, const char *path)
{
	struct sm_value args[3];
	struct sm_event e = open_event(args, path, O_RDWR | O_CREAT);

	e.site.principal = scaler;
	return allows(b, &e);
}

/* Their logos are the only pictures there are of two of three. */
static void who_makes_what_all_owners_have_makes_more(void **state)
{
	static const char *const owners[] = { "acme", "bolt", "corp" };
	struct bench b;

	(void)state;
	start(&b);
	for (int run = 0; run < 2; run++)
		for (int i = 0; i < 3; i++) {
			struct sm_value args[3];
			struct sm_event e;
			char path[96];

			snprintf(path, sizeof(path), APP "/out/%s", owners[i]);
			see_mkdir(&b, run, path);
			snprintf(path, sizeof(path),
				 APP "/out/%s/day %d.%d/letter %d.html",
				 owners[i], run, i, i);
			see_open(&b, run, path, WRITE);
			snprintf(path, sizeof(path),
				 APP "/out/%s/pics/logo.png", owners[i]);
			e = open_event(args, path, O_RDWR | O_CREAT);
			e.site.principal = scaler;
			add(&b, run, &e);
		}
	learn(&b);
	assert_true(scales(&b, APP "/out/zoe/pics/logo.png"));
	assert_true(scales(&b, APP "/out/zoe/pics/at sea.png"));
	assert_false(scales(&b, APP "/out/zoe/.pics.png"));
	assert_false(scales(&b, APP "/in/zoe/at sea.png"));
	finish(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_reads_two_formats_reads_another),
		cmocka_unit_test(formats_decide_which_package_writes),
		cmocka_unit_test(who_makes_what_all_owners_have_makes_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
