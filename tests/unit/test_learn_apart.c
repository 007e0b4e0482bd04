/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_learn_apart.c: settings stay out of reach of functions that read what
 * others name.
 */
#include "tests/unit/learn_fixture.h"

#define INI APP "/shop.ini"

static struct sm_event read_by(struct sm_value args[3], const char *function,
			       const char *path)
{
	struct sm_event e = open_event(args, path, READ);

	e.site.principal.function = sm_str_of(function);
	return e;
}

static void see(struct bench *b, const char *function, const char *path)
{
	struct sm_value args[3];
	struct sm_event e = read_by(args, function, path);

	add(b, 0, &e);
}

static bool may(const struct bench *b, const char *function, const char *path)
{
	struct sm_value args[3];
	struct sm_event e = read_by(args, function, path);

	return allows(b, &e);
}

/* A program that reads its settings, and pages that visitors name. */
static void start_shop(struct bench *b, const char *settings)
{
	start(b);
	see_load(b, APP "/app.py");
	see(b, "<module>", settings);
	see(b, "Page.get", APP "/pages/index.txt");
	see(b, "Page.get", APP "/pages/help.txt");
	see(b, "Page.get", APP "/pages/rules.txt");
}

static void who_reads_elsewhere_reads_no_settings(void **state)
{
	static const char *const settings[] = {
		INI,
		APP "/secret.key",
		APP "/.env",
		APP "/conf/settings.toml",
		APP "/conf/site.yaml",
		APP "/conf/api_token.txt",
		APP "/PASSWORD",
		"/etc/shop/shop.conf",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(settings) / sizeof(*settings); i++) {
		struct bench b;

		start_shop(&b, settings[i]);
		learn(&b);
		if (may(&b, "Page.get", settings[i]) ||
		    !may(&b, "<module>", settings[i]))
			fail_msg("%s", settings[i]);
		assert_true(may(&b, "Page.get", APP "/pages/rules.txt"));
		finish(&b);
	}
}

/* One who shows pages, pictures and forms is in several directories; what lies
 * beside these is none of his, nor what lies in another of the application's.
 */
static void who_reads_in_many_places_reads_nothing_beside_them(void **state)
{
	static const struct {
		const char *path, *settings; /* one more that he reads */
		bool may;
	} rows[] = {
		{ APP "/pictures/a.png", INI, false },
		{ APP "/pictures/a.png", APP "/conf/shop.ini", false },
		{ APP "/pictures/a.png", APP "/conf/b/shop.ini", false },
		{ APP "/pictures/a.png", APP "/pictures/b/map.ini", true },
		{ APP "/a.png", INI, true },
		{ APP "/conf/b/a.png", APP "/conf/shop.ini", true },
		/* owners' directories, as far as is known */
		{ APP "/pages/ann/a.txt", APP "/pages/bob/user.ini", true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct bench b;

		start_shop(&b, rows[i].settings);
		see(&b, "Page.get", rows[i].path);
		learn(&b);
		if (may(&b, "Page.get", rows[i].settings) != rows[i].may ||
		    !may(&b, "<module>", rows[i].settings))
			fail_msg("%s, %s", rows[i].path, rows[i].settings);
		finish(&b);
	}
}

/* Where it is not the application's own directory, these are owners'. */
static void directories_elsewhere_are_of_owners(void **state)
{
	static const char *const homes[] = { "/home/shop", "/tmp", "/data" };

	(void)state;
	for (size_t i = 0; i < sizeof(homes) / sizeof(*homes); i++) {
		char a[40], b_path[40], c[40];
		struct bench b;

		snprintf(a, sizeof(a), "%s/ann/a.txt", homes[i]);
		snprintf(b_path, sizeof(b_path), "%s/bob/a.txt", homes[i]);
		snprintf(c, sizeof(c), "%s/carl/user.ini", homes[i]);
		start_shop(&b, c);
		see(&b, "List.get", a);
		see(&b, "List.get", b_path);
		learn(&b);
		if (!may(&b, "List.get", c))
			fail_msg("%s", c);
		finish(&b);
	}
}

/* It is called as settings are, and opened to be synced, or for names in it. */
static void its_own_directory_is_home(void **state)
{
	struct bench b;

	(void)state;
	start_script(&b, "/srv/config/app.py", 1);
	see(&b, "<module>", "/srv/config");
	see(&b, "Page.get", "/srv/config/pages/index.txt");
	see(&b, "Page.get", "/srv/config/forms/index.txt");
	learn(&b);
	assert_true(may(&b, "Page.get", "/srv/config"));
	finish(&b);
}

/* As after a signal, or for an option that nobody used. */
static void who_was_never_seen_may_read_them_again(void **state)
{
	struct bench b;

	(void)state;
	start_shop(&b, INI);
	learn(&b);
	assert_true(may(&b, "reload", INI));
	assert_true(may(&b, "", INI));
	finish(&b);
}

static void nothing_is_taken_without_need(void **state)
{
	static const struct {
		const char *function, *path, *settings;
	} rows[] = {
		/* read by him, too */
		{ "Page.get", INI, INI },
		/* who is at home above them */
		{ "Page.get", APP "/notes.txt", INI },
		{ "Page.get", APP "/conf/a.txt", APP "/conf/shop.ini" },
		/* not told by whom */
		{ "", INI, INI },
		/* no settings */
		{ "<module>", APP "/banner.txt", APP "/banner.txt" },
		{ "<module>", APP "/locale/de.mo", APP "/locale/de.mo" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct bench b;

		start_shop(&b, rows[i].settings);
		see(&b, rows[i].function, rows[i].path);
		learn(&b);
		if (!may(&b, "Page.get", rows[i].settings))
			fail_msg("%s", rows[i].settings);
		finish(&b);
	}
}

static void one_file_is_no_habit(void **state)
{
	struct bench b;

	(void)state;
	start(&b);
	see_load(&b, APP "/app.py");
	see(&b, "<module>", INI);
	see(&b, "greet", APP "/texts/hello.txt");
	learn(&b);
	assert_true(may(&b, "greet", INI));
	finish(&b);
}

/* What modules do as they are loaded has one name for all of them. */
static void names_that_any_module_has_say_nothing(void **state)
{
	static const char *const names[] = { "<module>", "<lambda>" };

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct bench b;

		start(&b);
		see(&b, "load", INI);
		see(&b, names[i], APP "/texts/a.txt");
		see(&b, names[i], APP "/texts/b.txt");
		learn(&b);
		assert_true(may(&b, names[i], INI));
		finish(&b);
	}
}

static void what_the_program_writes_is_no_setting(void **state)
{
	struct bench b;

	(void)state;
	start_shop(&b, APP "/state.json");
	see_open(&b, 0, APP "/state.json", WRITE);
	learn(&b);
	assert_true(may(&b, "Page.get", APP "/state.json"));
	finish(&b);
}

static void tool_connected(struct bench *b, const char *path)
{
	struct sm_value args[1] = { text(path) };
	struct sm_event e = event_of("sqlite3.connect", args, 1);

	e.site.principal = tool;
	add(b, 0, &e);
}

/* A package keeps all there is in it, and a job copies it. */
static void who_reads_elsewhere_copies_no_database(void **state)
{
	static const char *const bases[] = { APP "/shop.db", "/srv/data/base",
					     APP "/var/a.sqlite3" };

	(void)state;
	for (size_t i = 0; i < sizeof(bases) / sizeof(*bases); i++) {
		struct bench b;

		start_shop(&b, INI);
		tool_connected(&b, bases[i]);
		see(&b, "Backup.copy", bases[i]);
		learn(&b);
		if (may(&b, "Page.get", bases[i]) ||
		    !may(&b, "Backup.copy", bases[i]))
			fail_msg("%s", bases[i]);
		finish(&b);
	}
}

static void what_is_copied_and_no_database_stays(void **state)
{
	struct bench b;

	(void)state;
	start_shop(&b, INI);
	see(&b, "Backup.copy", APP "/shop.db");
	learn(&b);
	assert_true(may(&b, "Page.get", APP "/shop.db"));
	finish(&b);
	/* as it is put back */
	start_shop(&b, INI);
	tool_connected(&b, APP "/shop.db");
	see(&b, "Backup.copy", APP "/shop.db");
	tool_opened(&b, APP "/shop.db", WRITE);
	learn(&b);
	assert_true(may(&b, "Page.get", APP "/shop.db"));
	finish(&b);
}

/* A process that was told the path, or what it tells now. */
static struct sm_event told_by(struct sm_value args[3], struct sm_named *named,
			       const char *function, const char *path)
{
	struct sm_event e = read_by(args, function, path);

	*named = (struct sm_named){ 1, { sm_str_of(path) } };
	e.named = named;
	return e;
}

static void see_told(struct bench *b, int run, const char *function,
		     const char *path)
{
	struct sm_named named;
	struct sm_value args[3];
	struct sm_event e = told_by(args, &named, function, path);

	add(b, run, &e);
}

static bool may_told(const struct bench *b, const char *function,
		     const char *path)
{
	struct sm_named named;
	struct sm_value args[3];
	struct sm_event e = told_by(args, &named, function, path);

	return allows(b, &e);
}

/* The server is told its settings, a tool beside it what to look at. */
static void who_reads_elsewhere_reads_no_settings_he_is_told(void **state)
{
	static const struct {
		const char *told;     /* to the server */
		const char *function; /* of another that is told something */
		bool may;
	} rows[] = {
		{ APP "/shop.ini", "check", false },
		{ "/etc/shop/shop.conf", "check", false },
		{ APP "/shop.ini", "Page.get", true },
		{ APP "/shop.ini", "", true },
		{ APP "/banner.txt", "check", true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct bench b;

		start(&b);
		for (int k = 0; k < 3; k++)
			see(&b, "Page.get",
			    (const char *const[]){ APP "/pages/index.txt",
						   APP "/pages/help.txt",
						   APP "/pages/rules.txt" }[k]);
		see_told(&b, 1, "main", rows[i].told);
		see_told(&b, 2, rows[i].function, "/in/new.txt");
		learn(&b);
		if (may_told(&b, "Page.get", rows[i].told) != rows[i].may)
			fail_msg("row %zu", i);
		assert_true(may_told(&b, "main", "/srv/other.ini"));
		assert_true(may_told(&b, "reload", rows[i].told));
		assert_true(may_told(&b, rows[i].function, "/in/other.txt"));
		finish(&b);
	}
}

/* Others than the application keep what they had. */
static void packages_read_them_as_before(void **state)
{
	struct bench b;
	struct sm_value args[3];
	struct sm_event e = open_event(args, INI, READ);

	(void)state;
	start_shop(&b, INI);
	e.site.principal = tool;
	add(&b, 0, &e);
	learn(&b);
	assert_true(allows(&b, &e));
	assert_false(may(&b, "Page.get", INI));
	finish(&b);
}

/* So many in one rule nobody would read. */
static void a_rule_leaves_out_so_many_and_no_more(void **state)
{
	(void)state;
	for (int count = 64; count <= 65; count++) {
		struct bench b;
		char name[16];

		start(&b);
		see_load(&b, APP "/app.py");
		see(&b, "<module>", INI);
		for (int i = 0; i < count; i++) {
			snprintf(name, sizeof(name), "get_%d", i);
			see(&b, name, APP "/pages/index.txt");
			see(&b, name, APP "/pages/help.txt");
		}
		learn(&b);
		assert_int_equal(may(&b, "get_0", INI), count > 64);
		finish(&b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_reads_elsewhere_reads_no_settings),
		cmocka_unit_test(
			who_reads_in_many_places_reads_nothing_beside_them),
		cmocka_unit_test(directories_elsewhere_are_of_owners),
		cmocka_unit_test(its_own_directory_is_home),
		cmocka_unit_test(who_was_never_seen_may_read_them_again),
		cmocka_unit_test(nothing_is_taken_without_need),
		cmocka_unit_test(one_file_is_no_habit),
		cmocka_unit_test(names_that_any_module_has_say_nothing),
		cmocka_unit_test(what_the_program_writes_is_no_setting),
		cmocka_unit_test(who_reads_elsewhere_copies_no_database),
		cmocka_unit_test(what_is_copied_and_no_database_stays),
		cmocka_unit_test(
			who_reads_elsewhere_reads_no_settings_he_is_told),
		cmocka_unit_test(packages_read_them_as_before),
		cmocka_unit_test(a_rule_leaves_out_so_many_and_no_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
