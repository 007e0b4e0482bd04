/* SPDX-License-Identifier: Apache-2.0 */
/* What is read by name: by packages, and by whoever is told which file. */
#include "tests/unit/learn_fixture.h"

#define SITE APP "/static/"

static struct sm_event read_event(struct sm_value args[3], const char *path,
				  bool is_app)
{
	struct sm_event e = open_event(args, path, READ);

	if (!is_app)
		e.site.principal = (struct sm_principal){
			.kind = SM_PRINCIPAL_DISTRIBUTION,
			.name = SM_STR("server"),
			.file = SM_STR("")
		};
	return e;
}

static void see_read(struct bench *b, const char *path, bool is_app)
{
	struct sm_value args[3];
	struct sm_event e = read_event(args, path, is_app);

	for (int run = 0; run < RUNS; run++)
		add(b, run, &e);
}

static bool serves(const struct bench *b, const char *path)
{
	struct sm_value args[3];
	struct sm_event e = read_event(args, path, false);

	return allows(b, &e);
}

static void data_that_only_packages_read_opens_for_them(void **state)
{
	struct sm_value args[3];
	struct sm_event e;
	struct bench b;

	(void)state;
	start(&b);
	see_read(&b, SITE "a.css", false);
	see_read(&b, SITE "b.js", false);
	see_read(&b, APP "/pages/a.html", false);
	see_read(&b, APP "/pages/sub/b.html", false);
	learn(&b);
	assert_true(serves(&b, SITE "logo.svg"));
	assert_true(serves(&b, SITE "fonts/a b.woff2"));
	assert_true(serves(&b, APP "/pages/c/d.html"));
	assert_false(serves(&b, APP "/pages/c.conf"));
	assert_false(serves(&b, SITE ".htaccess"));
	assert_false(serves(&b, SITE "fonts/.x"));
	assert_false(serves(&b, APP "/settings.json"));
	assert_false(allows_open(&b, SITE "a.css", READ));
	assert_false(allows_open(&b, SITE "logo.svg", WRITE));
	e = read_event(args, SITE "logo.svg", true);
	assert_false(allows(&b, &e));
	finish(&b);
}

static void other_directories_stay_as_they_are(void **state)
{
	static const struct {
		const char *beside;
		bool is_app;
		int flags;
	} rows[] = {
		{ SITE "c.csv", true, READ },	    /* somebody else's */
		{ SITE "c.css", false, WRITE },	    /* made */
		{ SITE "server.key", false, READ }, /* key material */
		{ SITE "c.py", false, READ },	    /* no data */
		{ SITE ".conf", false, READ },	    /* hidden */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct bench b;

		start(&b);
		see_read(&b, SITE "a.css", false);
		see_read(&b, SITE "b.js", false);
		if (rows[i].flags == READ)
			see_read(&b, rows[i].beside, rows[i].is_app);
		else
			see_open(&b, 0, rows[i].beside, rows[i].flags);
		learn(&b);
		if (serves(&b, SITE "logo.svg"))
			fail_msg("%s", rows[i].beside);
		finish(&b);
	}
}

static void what_is_made_to_be_shown_opens_for_who_reads_it(void **state)
{
	struct bench b;

	(void)state;
	start(&b);
	see_read(&b, APP "/web/index.html", true);
	see_read(&b, APP "/web/js/chat.js", true);
	see_read(&b, APP "/mail/a.html", true);
	see_read(&b, APP "/mail/b.html", true);
	see_read(&b, APP "/mail/c.csv", true);
	see_read(&b, APP "/one/a.html", true);
	learn(&b);
	assert_true(allows_open(&b, APP "/web/help.html", READ));
	assert_true(allows_open(&b, APP "/web/fonts/a b.woff2", READ));
	assert_false(allows_open(&b, APP "/web/help.html", WRITE));
	assert_false(allows_open(&b, APP "/web/.htaccess", READ));
	assert_false(serves(&b, APP "/web/help.html"));
	assert_false(allows_open(&b, APP "/mail/d.csv", READ));
	assert_false(allows_open(&b, APP "/one/b.html", READ));
	finish(&b);
}

/* The same two every day, as three are: there are more of them. */
static void what_people_write_for_people_opens_for_who_reads_it(void **state)
{
	struct bench b;

	(void)state;
	start(&b);
	for (int run = 0; run < 2; run++) {
		see_open(&b, run, APP "/help/upload.txt", READ);
		see_open(&b, run, APP "/help/search.txt", READ);
		see_open(&b, run, APP "/conf/a.ini", READ);
		see_open(&b, run, APP "/conf/b.ini", READ);
		see_open(&b, run, APP "/log/a.txt", READ);
		see_open(&b, run, APP "/log/b.txt", WRITE);
		see_open(&b, run, APP "/one/a.txt", READ);
	}
	learn(&b);
	assert_true(allows_open(&b, APP "/help/who may.txt", READ));
	assert_true(allows_open(&b, APP "/help/de/upload.txt", READ));
	assert_false(allows_open(&b, APP "/help/upload.txt", WRITE));
	assert_false(allows_open(&b, APP "/help/x.json", READ));
	assert_false(allows_open(&b, APP "/help/.x.txt", READ));
	assert_false(serves(&b, APP "/help/upload.txt"));
	assert_false(allows_open(&b, APP "/conf/c.ini", READ));
	assert_false(allows_open(&b, APP "/log/c.txt", READ));
	assert_false(allows_open(&b, APP "/one/b.txt", READ));
	finish(&b);
}

static void one_file_says_nothing_unless_it_is_shown(void **state)
{
	struct bench b;

	(void)state;
	start(&b);
	see_read(&b, SITE "a.css", false);
	see_read(&b, APP "/pages/a.html", false);
	see_read(&b, APP "/facts/a.json", false);
	see_read(&b, APP "/looks/a.css", true);
	see_read(&b, "/etc/server/a.conf", false);
	see_read(&b, "/etc/server/b.conf", false);
	learn(&b);
	assert_true(serves(&b, SITE "b.css"));
	assert_true(serves(&b, SITE "fonts/c.woff2"));
	assert_true(serves(&b, APP "/pages/b.html"));
	assert_false(serves(&b, APP "/pages/b.json"));
	assert_false(serves(&b, APP "/facts/b.json"));
	assert_false(allows_open(&b, APP "/looks/b.css", READ));
	assert_false(serves(&b, "/etc/server/c.conf"));
	finish(&b);
}

static void who_lists_takes_what_it_finds(void **state)
{
	struct sm_value dir = text(SITE "web");
	struct sm_event list = event_of("os.listdir", &dir, 1);
	struct bench b;

	(void)state;
	list.site.principal =
		(struct sm_principal){ .kind = SM_PRINCIPAL_DISTRIBUTION,
				       .name = SM_STR("server"),
				       .file = SM_STR("") };
	start(&b);
	add(&b, 0, &list);
	see_read(&b, SITE "web/access.log", false);
	learn(&b);
	assert_true(serves(&b, SITE "web/shop.example.log"));
	assert_false(serves(&b, SITE "web/shop.conf"));
	assert_false(serves(&b, SITE "access.log"));
	finish(&b);
}

static void what_a_program_is_told_to_read_lies_at_any_depth(void **state)
{
	struct bench b;

	(void)state;
	start(&b);
	see_inputs(&b);
	see_open(&b, 0, APP "/in.conf", READ);
	see_popen(&b, 0, ARGV("/usr/bin/tar", "-cf", "x", (APP "/in/one/b")));
	learn(&b);
	assert_true(allows_open(&b, APP "/in/2026/March (final) v2.csv", READ));
	assert_true(allows_open(&b, APP "/in/sub/er/three.yml", READ));
	assert_false(allows_open(&b, APP "/in/2026/April.csv", WRITE));
	assert_false(allows_open(&b, APP "/in/.netrc", READ));
	assert_false(allows_open(&b, APP "/in/.git/x.csv", READ));
	assert_false(allows_open(&b, APP "/other.csv", READ));
	assert_false(serves(&b, APP "/in/jan.csv"));
	finish(&b);
}

static void names_of_one_extension_keep_it_at_any_depth(void **state)
{
	struct bench b;

	(void)state;
	start(&b);
	see_open(&b, 0, APP "/in/jan.csv", READ);
	see_open(&b, 1, APP "/in/feb.csv", READ);
	see_open(&b, 2, APP "/in/mar.csv", READ);
	learn(&b);
	assert_true(allows_open(&b, APP "/in/2026/March.csv", READ));
	assert_false(allows_open(&b, APP "/in/2026/March.key", READ));
	finish(&b);
}

/* Each run read another one: of one kind, or of two. */
static void
files_that_are_others_each_time_open_though_they_differ(void **state)
{
	for (int recurs = 0; recurs < 2; recurs++) {
		struct bench b;

		(void)state;
		start(&b);
		see_open(&b, 0, APP "/shared/prices.csv", READ);
		see_open(&b, 1, APP "/shared/map.png", READ);
		if (recurs)
			see_open(&b, 1, APP "/shared/prices.csv", READ);
		learn(&b);
		assert_int_equal(allows_open(&b, APP "/shared/a b.pdf", READ),
				 !recurs);
		assert_false(allows_open(&b, APP "/shared/.key", READ));
		assert_false(allows_open(&b, APP "/shared/a b.pdf", WRITE));
		finish(&b);
	}
}

/* Whoever calls the program says which, though it is the same every day. */
static void names_that_command_lines_give_may_lie_deeper(void **state)
{
	static const struct {
		const char *one, *two;
		bool has_texts, is_given, is_any;
	} rows[] = {
		{ "site=oak", "elm", true, true, true },
		{ "site=oak", "elm", false, true, false }, /* program's .yaml */
		{ "in/oak.yaml", "elm.yaml", false, true, true },
		{ "x", "y", true, false, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		bool is_given = rows[i].is_given, is_any = rows[i].is_any;
		struct bench b;

		start(&b);
		for (int run = 1; run < 5; run++) {
			give(&b, (uint32_t)run, 0, rows[i].one, rows[i].two);
			see_open(&b, run, APP "/in/oak.yaml", READ);
			see_open(&b, run, APP "/in/elm.yaml", READ);
			if (rows[i].has_texts)
				see_open(&b, run, APP "/in/words.txt", READ);
		}
		learn(&b);
		assert_true(allows_open(&b, APP "/in/oak.yaml", READ));
		assert_int_equal(allows_open(&b, APP "/in/ash.yaml", READ),
				 is_given);
		assert_int_equal(allows_open(&b, APP "/in/de/ash.yaml", READ),
				 is_given);
		assert_int_equal(allows_open(&b, APP "/in/de/a b.txt", READ),
				 is_any);
		assert_false(allows_open(&b, APP "/in/de/.ash.yaml", READ));
		assert_false(allows_open(&b, APP "/in/de/ash.yaml", WRITE));
		assert_false(allows_open(&b, APP "/de/ash.yaml", READ));
		finish(&b);
	}
}

/* Tables lie on two levels below directories of any name: so may the next. */
static void tables_of_several_formats_lie_at_any_depth(void **state)
{
	static const struct {
		const char *second, *third;
		bool is_open;
	} rows[] = {
		{ "xlsx", "json", true },
		{ "csv", "csv", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		static const char *const dirs[] = { "", "north", "mill" };
		static const char *const others[] = { "", "old", "north" };
		static const char *const months[] = { "", "may", "june" };
		char path[128];
		struct bench b;

		start(&b);
		for (int run = 1; run <= 2; run++) {
			snprintf(path, sizeof(path), APP "/data/%s/2026-%s.csv",
				 dirs[run], months[run]);
			see_open(&b, run, path, READ);
			snprintf(path, sizeof(path),
				 APP "/data/%s/2026-%s-rest.csv", dirs[run],
				 months[run]);
			see_open(&b, run, path, READ);
			snprintf(path, sizeof(path), APP "/data/%s/2026-%s.%s",
				 others[run], months[run], rows[i].second);
			see_open(&b, run, path, READ);
			snprintf(path, sizeof(path),
				 APP "/data/%s/week %d/2026-%s.%s", others[run],
				 run, months[run], rows[i].third);
			see_open(&b, run, path, READ);
		}
		learn(&b);
		assert_true(allows_open(&b, APP "/data/new/2027-01.csv", READ));
		if (allows_open(&b, APP "/data/new/Q4/week 8/days.txt", READ) !=
		    rows[i].is_open)
			fail_msg("%s %s", rows[i].second, rows[i].third);
		assert_false(allows_open(&b, APP "/data/new/.key", READ));
		assert_false(allows_open(&b, APP "/data/new/a.csv", WRITE));
		finish(&b);
	}
}

static void where_nothing_is_told_depth_stays(void **state)
{
	static const struct {
		int runs, flags;
		const char *beside;
	} rows[] = {
		{ RUNS, READ, APP "/in/mar.csv" },  /* the same each time */
		{ RUNS, WRITE, APP "/in/out.csv" }, /* that, and made */
		{ 1, READ, APP "/in/server.key" },  /* key material */
		{ 1, READ, APP "/in/sub/x.py" },    /* no data */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct bench b;

		start(&b);
		for (int run = 0; run < rows[i].runs; run++) {
			int other = rows[i].runs > 1;

			see_open(&b, run, APP "/in/jan.csv", READ);
			see_open(&b, other ? run : 1, APP "/in/feb.csv", READ);
			see_open(&b, run, APP "/in/may.csv", READ);
			see_open(&b, run, rows[i].beside, rows[i].flags);
		}
		learn(&b);
		if (allows_open(&b, APP "/in/2026/April.csv", READ))
			fail_msg("%s", rows[i].beside);
		finish(&b);
	}
}

/* Letters and help: the next one is written in another format. */
static void texts_may_be_of_any_format_of_texts(void **state)
{
	(void)state;
	for (int others = 0; others < 2; others++) {
		struct bench b;

		start(&b);
		see_open(&b, 0, APP "/docs/case-one.txt", READ);
		see_open(&b, 1, APP "/docs/case-two.txt", READ);
		if (others)
			see_open(&b, 0, APP "/docs/case.txt", WRITE);
		learn(&b);
		assert_int_equal(allows_open(&b, APP "/docs/old/six.md", READ),
				 !others);
		assert_false(allows_open(&b, APP "/docs/six.json", READ));
		assert_false(allows_open(&b, APP "/docs/six.py", READ));
		assert_false(allows_open(&b, APP "/docs/.six.md", READ));
		assert_false(allows_open(&b, APP "/docs/six.md", WRITE));
		assert_false(allows_open(&b, APP "/six.md", READ));
		finish(&b);
	}
}

/* Styles and scripts lie in directories of their own, and nothing above. */
static void directories_of_assets_have_others_beside_them(void **state)
{
	static const struct {
		const char *second;
		bool is_app, opens;
	} rows[] = {
		{ SITE "js/b.js", false, true },
		{ SITE "js/b.js", true, false },
		{ SITE "pages/b.html", false, false },
		{ SITE "js/b.csv", false, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct bench b;

		start(&b);
		see_read(&b, SITE "css/a.css", false);
		see_read(&b, rows[i].second, rows[i].is_app);
		see_read(&b, APP "/settings.json", true);
		learn(&b);
		assert_true(serves(&b, SITE "css/dark.css"));
		assert_int_equal(serves(&b, SITE "fonts/a b.woff2"),
				 rows[i].opens);
		assert_false(serves(&b, SITE "fonts/.x"));
		assert_false(serves(&b, APP "/settings.json"));
		assert_false(serves(&b, APP "/other/c.css"));
		assert_false(allows_open(&b, SITE "js/b.js", WRITE));
		finish(&b);
	}
}

/* Drafts of people: a text is written in any format, a table is not. */
static void texts_somebody_tells_are_of_any_format(void **state)
{
	static const char *const drafts[] = { "ada/rota",  "tom/bells",
					      "grace/map", "lena/choir",
					      "ivo/yard",  "priya/hall" };

	(void)state;
	for (int is_text = 0; is_text < 2; is_text++) {
		char path[128];
		struct bench b;

		start(&b);
		for (int i = 0; i < 6; i++) {
			snprintf(path, sizeof(path), APP "/in/%s.%s", drafts[i],
				 is_text ? "txt" : "csv");
			see_open(&b, i / 3, path, READ);
			see_popen(&b, i / 3,
				  ARGV("/usr/bin/lint", "--file", path));
		}
		learn(&b);
		assert_int_equal(allows_open(&b, APP "/in/jo/a/b.md", READ),
				 is_text);
		assert_int_equal(
			allows_popen(&b, ARGV("/usr/bin/lint", "--file",
					      APP "/in/jo/a/b.md")),
			is_text);
		assert_false(allows_open(&b, APP "/in/jo/a.json", READ));
		assert_false(allows_open(&b, APP "/in/jo/a.md", WRITE));
		finish(&b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(data_that_only_packages_read_opens_for_them),
		cmocka_unit_test(other_directories_stay_as_they_are),
		cmocka_unit_test(
			what_is_made_to_be_shown_opens_for_who_reads_it),
		cmocka_unit_test(one_file_says_nothing_unless_it_is_shown),
		cmocka_unit_test(who_lists_takes_what_it_finds),
		cmocka_unit_test(
			what_a_program_is_told_to_read_lies_at_any_depth),
		cmocka_unit_test(names_of_one_extension_keep_it_at_any_depth),
		cmocka_unit_test(names_that_command_lines_give_may_lie_deeper),
		cmocka_unit_test(tables_of_several_formats_lie_at_any_depth),
		cmocka_unit_test(where_nothing_is_told_depth_stays),
		cmocka_unit_test(
			files_that_are_others_each_time_open_though_they_differ),
		cmocka_unit_test(
			what_people_write_for_people_opens_for_who_reads_it),
		cmocka_unit_test(texts_may_be_of_any_format_of_texts),
		cmocka_unit_test(directories_of_assets_have_others_beside_them),
		cmocka_unit_test(texts_somebody_tells_are_of_any_format),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
