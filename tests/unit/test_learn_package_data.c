/* SPDX-License-Identifier: Apache-2.0 */
/* What packages read of their own data, and of others'. */
#include "tests/unit/learn_fixture.h"

#define SITE  "/usr/lib/python3/dist-packages/"
#define SHARE "/usr/share/"

static struct sm_event by_package(struct sm_event e, const char *by)
{
	if (by)
		e.site.principal = (struct sm_principal){
			.kind = SM_PRINCIPAL_DISTRIBUTION,
			.name = sm_str_of(by),
			.file = SM_STR("")
		};
	return e;
}

static void see_read(struct bench *b, const char *path, const char *by)
{
	struct sm_value args[3];
	struct sm_event e = by_package(open_event(args, path, READ), by);

	add(b, 0, &e);
}

static bool opens(const struct bench *b, const char *path, int flags,
		  const char *by)
{
	struct sm_value args[3];
	struct sm_event e = by_package(open_event(args, path, flags), by);

	return allows(b, &e);
}

static bool lists(const struct bench *b, const char *path, const char *by)
{
	struct sm_value args[1] = { text(path) };
	struct sm_event e = by_package(event_of("os.listdir", args, 1), by);

	return allows(b, &e);
}

/* As packages that look for what is installed do. */
static void the_site_directory_itself_is_no_distribution(void **state)
{
	struct sm_value args[1] = { text("/usr/lib/python3/dist-packages") };
	struct sm_event e = by_package(event_of("os.listdir", args, 1), "shop");
	struct bench b;

	(void)state;
	start(&b);
	see_load(&b, SITE "shop/__init__.py");
	add(&b, 0, &e);
	learn(&b);
	assert_true(lists(&b, "/usr/lib/python3/dist-packages", "shop"));
	finish(&b);
}

static void a_package_reads_its_own_files(void **state)
{
	struct bench b;

	(void)state;
	start(&b);
	see_load(&b, SITE "shop/__init__.py");
	see_load(&b, SITE "other/__init__.py");
	see_read(&b, SITE "shop/.kept", "shop");
	learn(&b);
	assert_true(opens(&b, SITE "shop/schemas/new.json", READ, "shop"));
	assert_true(lists(&b, SITE "shop/schemas", "shop"));
	assert_true(opens(&b, SITE "shop/.kept", READ, "shop"));
	assert_false(opens(&b, SITE "shop/.env", READ, "shop"));
	assert_false(opens(&b, SITE "shop/.git/config", READ, "shop"));
	assert_false(opens(&b, SITE "shop/schemas/new.json", WRITE, "shop"));
	assert_false(opens(&b, SITE "shop/schemas/new.json", READ, "other"));
	assert_false(opens(&b, SITE "shop/schemas/new.json", READ, NULL));
	finish(&b);
}

/* What a system's packages keep in /usr/share. */
static void shared_data_belongs_to_the_package_of_its_name(void **state)
{
	struct bench b;

	(void)state;
	start(&b);
	see_load(&b, SITE "shop/__init__.py");
	see_read(&b, SHARE "shop/themes/basic/page.html", "shop");
	learn(&b);
	assert_true(
		opens(&b, SHARE "shop/themes/new/base.css_t", READ, "shop"));
	assert_true(lists(&b, SHARE "shop/themes/new", "shop"));
	assert_false(opens(&b, SHARE "shop/.secret", READ, "shop"));
	assert_false(opens(&b, SHARE "shop/themes/new.html", WRITE, "shop"));
	assert_false(opens(&b, SHARE "other/page.html", READ, "shop"));
	assert_false(opens(&b, SHARE "shop/themes/new/page.html", READ, NULL));
	finish(&b);
}

static void others_read_shared_data_by_its_extension(void **state)
{
	static const char *const readers[] = { "engine", NULL };

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct bench b;

		start(&b);
		see_read(&b, SHARE "shop/themes/page.html", readers[i]);
		learn(&b);
		assert_true(opens(&b, SHARE "shop/themes/page.html", READ,
				  readers[i]));
		/* The application is no package. */
		assert_int_equal(
			opens(&b, SHARE "shop/new/base.html", READ, readers[i]),
			!i);
		assert_false(
			opens(&b, SHARE "shop/new/base.css", READ, readers[i]));
		assert_false(
			opens(&b, SHARE "tax/base.html", READ, readers[i]));
		assert_false(lists(&b, SHARE "shop/new", readers[i]));
		finish(&b);
	}
}

/* A theme with links to what other packages keep: another one has others. */
static void who_reads_what_three_packages_keep_reads_others(void **state)
{
	static const char *const shared[] = { SHARE "fonts-a/x.woff",
					      SHARE "fonts-a/y.woff",
					      SHARE "js-b/b.js",
					      SHARE "nodejs/c/c.css" };

	(void)state;
	for (size_t n = 3; n <= 4; n++) {
		struct bench b;

		start(&b);
		see_load(&b, SITE "theme/__init__.py");
		see_read(&b, SHARE "theme/base.html", "theme");
		for (size_t i = 0; i < n; i++)
			see_read(&b, shared[i], "theme");
		see_read(&b, SHARE "fonts-a/x.woff", "other");
		learn(&b);
		assert_int_equal(
			opens(&b, SHARE "sphinx/z.woff", READ, "theme"), n > 3);
		assert_int_equal(opens(&b, SHARE "d/e/f.js", READ, "theme"),
				 n > 3);
		assert_true(opens(&b, SHARE "fonts-a/z.woff", READ, "theme"));
		assert_false(opens(&b, SHARE "d/e/f.html", READ, "theme"));
		assert_false(opens(&b, SHARE "d/.e/f.js", READ, "theme"));
		assert_false(opens(&b, SHARE "d/e/f.js", WRITE, "theme"));
		assert_false(opens(&b, SHARE "d/e/f.woff", READ, "other"));
		assert_false(opens(&b, SHARE "d/e/f.js", READ, NULL));
		finish(&b);
	}
}

/* Template engines name code after the file it is made from. */
static void templates_among_shared_data_are_compiled_alike(void **state)
{
	struct bench b;

	(void)state;
	start(&b);
	see_run(&b, SHARE "shop/themes/page.html", "engine");
	learn(&b);
	assert_true(allows_run(&b, SHARE "shop/themes/page.html", "engine"));
	assert_true(allows_run(&b, SHARE "shop/new/base.html", "engine"));
	assert_false(allows_run(&b, SHARE "shop/.x/base.html", "engine"));
	assert_false(allows_run(&b, SHARE "shop/new/base.py", "engine"));
	assert_false(allows_run(&b, SHARE "tax/base.html", "engine"));
	finish(&b);
}

static void templates_of_the_application_stay_as_they_are(void **state)
{
	struct bench b;

	(void)state;
	start(&b);
	see_run(&b, APP "/templates/page.html", "engine");
	learn(&b);
	assert_true(allows_run(&b, APP "/templates/page.html", "engine"));
	assert_false(allows_run(&b, APP "/templates/new.html", "engine"));
	assert_false(allows_run(&b, "/srv/other/new.html", "engine"));
	finish(&b);
}

static bool looks_in(const struct bench *b, const char *path)
{
	struct sm_value args[1] = { text(path) };
	struct sm_event e = event_of("os.listdir", args, 1);

	e.site.principal =
		(struct sm_principal){ .kind = SM_PRINCIPAL_DISTRIBUTION,
				       .name = SM_STR("metadata_reader"),
				       .file = SM_STR("") };
	return allows(b, &e);
}

/* A command prints its version, or misses a plug-in. */
static void who_asks_for_what_is_installed_lists_where_code_is(void **state)
{
	(void)state;
	for (int searches = 0; searches < 2; searches++) {
		struct bench b;

		start(&b);
		see_load(&b, APP "/app.py");
		see_load(&b, APP "/parts/__init__.py");
		see_load(&b, APP "/plugins/one.py");
		see_load(&b, "/tmp/once.py");
		see_load(&b, "/usr/lib/python3/dist-packages/"
			     "metadata_reader/__init__.py");
		if (searches)
			see_load(&b, "/usr/lib/python3.11/importlib/metadata/"
				     "__init__.py");
		learn(&b);
		assert_int_equal(looks_in(&b, APP), searches);
		assert_int_equal(looks_in(&b, APP "/plugins"), searches);
		assert_false(looks_in(&b, APP "/parts"));
		assert_false(looks_in(&b, APP "/data"));
		assert_false(looks_in(&b, "/tmp"));
		assert_false(allows_open(&b, APP "/app.py", READ));
		finish(&b);
	}
}

static void packages_read_their_data_like_their_code(void **state)
{
	static const char site[] = "/usr/lib/python3/dist-packages";
	struct sm_principal django = { .kind = SM_PRINCIPAL_DISTRIBUTION,
				       .name = SM_STR("django"),
				       .file = SM_STR("") };
	char path[128];
	struct sm_value args[3];
	struct sm_event e;
	struct bench b;

	(void)state;
	start(&b);
	snprintf(path, sizeof(path), "%s/django/views/app.py", site);
	see_load(&b, path);
	snprintf(path, sizeof(path), "%s/django/views/404.html", site);
	e = open_event(args, path, READ);
	e.site.principal = django;
	add(&b, 0, &e);
	learn(&b);
	snprintf(path, sizeof(path), "%s/django/deep/er/500.html", site);
	e = open_event(args, path, READ);
	assert_false(allows(&b, &e));
	e.site.principal = django;
	assert_true(allows(&b, &e));
	snprintf(path, sizeof(path), "%s/django/views/app.py", site);
	e = open_event(args, path, READ);
	assert_false(allows(&b, &e));
	snprintf(path, sizeof(path), "%s/flask/500.html", site);
	e = open_event(args, path, READ);
	e.site.principal = django;
	assert_false(allows(&b, &e));
	finish(&b);
}

static void a_package_reads_its_own_files_though_it_read_none(void **state)
{
	static const struct sm_principal slugs = {
		.kind = SM_PRINCIPAL_DISTRIBUTION,
		.name = SM_STR("slugs"),
		.file = SM_STR("")
	};
	static const char table[] = "/usr/lib/python3/dist-packages/slugs/"
				    "data/table.json";
	struct sm_value args[3];
	struct sm_event e;
	struct bench b;

	(void)state;
	start(&b);
	see_load(&b, "/usr/lib/python3/dist-packages/slugs/__init__.py");
	learn(&b);
	e = open_event(args, table, READ);
	assert_false(allows(&b, &e));
	e.site.principal = slugs;
	assert_true(allows(&b, &e));
	e = open_event(args, table, WRITE);
	e.site.principal = slugs;
	assert_false(allows(&b, &e));
	finish(&b);
}

/* A test runner rewrites the modules of plug-ins when it loads them. */
static void who_reads_source_of_a_package_reads_all_of_it(void **state)
{
	struct bench b;

	(void)state;
	start(&b);
	see_load(&b, SITE "shop/__init__.py");
	see_load(&b, SITE "other/__init__.py");
	see_read(&b, SITE "shop/plugin.py", "runner");
	learn(&b);
	assert_true(opens(&b, SITE "shop/plugin.py", READ, "runner"));
	assert_true(opens(&b, SITE "shop/sub/late.py", READ, "runner"));
	assert_false(opens(&b, SITE "shop/sub/late.py", WRITE, "runner"));
	assert_false(opens(&b, SITE "shop/sub/late.py", READ, "web"));
	assert_false(opens(&b, SITE "shop/sub/late.py", READ, NULL));
	assert_false(opens(&b, SITE "other/late.py", READ, "runner"));
	finish(&b);
}

/* The same file of each directory beside code, and one that each has only. */
static void a_name_of_several_directories_stays(void **state)
{
	static const char *const dirs[] = { "ink", "paper", "glue" };

	(void)state;
	for (int has_own = 0; has_own < 2; has_own++) {
		struct bench b;
		char path[100];

		start(&b);
		see_load(&b, APP "/plugins/main.py");
		for (int run = 0; run < 3; run++) {
			struct sm_value args[3];
			struct sm_event e;

			snprintf(path, sizeof(path), APP "/plugins/%s/%s.csv",
				 dirs[run], has_own ? dirs[run] : "menu");
			e = by_package(open_event(args, path, READ), "tool");
			add(&b, run, &e);
		}
		learn(&b);
		assert_int_equal(
			opens(&b, APP "/plugins/wax/menu.csv", READ, "tool"),
			true);
		assert_int_equal(
			opens(&b, APP "/plugins/wax/pay.csv", READ, "tool"),
			has_own);
		finish(&b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_reads_source_of_a_package_reads_all_of_it),
		cmocka_unit_test(
			who_asks_for_what_is_installed_lists_where_code_is),
		cmocka_unit_test(the_site_directory_itself_is_no_distribution),
		cmocka_unit_test(a_package_reads_its_own_files),
		cmocka_unit_test(
			shared_data_belongs_to_the_package_of_its_name),
		cmocka_unit_test(others_read_shared_data_by_its_extension),
		cmocka_unit_test(
			who_reads_what_three_packages_keep_reads_others),
		cmocka_unit_test(
			templates_among_shared_data_are_compiled_alike),
		cmocka_unit_test(templates_of_the_application_stay_as_they_are),
		cmocka_unit_test(packages_read_their_data_like_their_code),
		cmocka_unit_test(
			a_package_reads_its_own_files_though_it_read_none),
		cmocka_unit_test(a_name_of_several_directories_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
