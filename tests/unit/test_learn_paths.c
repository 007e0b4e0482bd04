/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/learn_fixture.h"

/* ---------------------------------------------------------------- evidence */

static void three_values_open_a_slot_two_do_not(void **state)
{
	struct bench b;

	(void)state;
	for (int n = 1; n <= 4; n++) {
		static const char *const names[] = { APP "/pages/home.csv",
						     APP "/pages/about.csv",
						     APP "/pages/terms.csv",
						     APP "/pages/team.csv" };

		start_single(&b);
		for (int i = 0; i < n; i++)
			see_open(&b, 0, names[i], READ);
		learn(&b);
		assert_int_equal(allows_open(&b, APP "/pages/new.csv", READ),
				 n >= 3);
		assert_true(allows_open(&b, names[n - 1], READ));
		assert_false(allows_open(&b, APP "/pages/new.csv", WRITE));
		assert_false(allows_open(&b, APP "/pages/new.py", READ));
		finish(&b);
	}
}

static void two_written_values_open_unless_one_comes_back(void **state)
{
	struct bench b;

	(void)state;
	for (int recurs = 0; recurs < 2; recurs++) {
		start(&b);
		see_open(&b, 0, APP "/out/anna.csv", WRITE);
		see_open(&b, 1, APP "/out/ben.csv", WRITE);
		if (recurs)
			see_open(&b, 2, APP "/out/ben.csv", WRITE);
		learn(&b);
		assert_int_equal(allows_open(&b, APP "/out/carl.csv", WRITE),
				 !recurs);
		assert_true(allows_open(&b, APP "/out/anna.csv", WRITE));
		finish(&b);
	}
}

static void typed_parts_keep_what_is_fixed_around_them(void **state)
{
	struct bench b;

	(void)state;
	start(&b);
	see_open(&b, 0, APP "/orders/order-17.pdf", WRITE);
	see_open(&b, 1, APP "/orders/order-18.pdf", WRITE);
	learn(&b);
	assert_true(allows_open(&b, APP "/orders/order-99123.pdf", WRITE));
	assert_false(allows_open(&b, APP "/orders/order-x.pdf", WRITE));
	assert_false(allows_open(&b, APP "/orders/17.pdf", WRITE));
	assert_false(allows_open(&b, APP "/orders/order-17.html", WRITE));
	finish(&b);
}

static void siblings_share_what_is_below_them(void **state)
{
	struct bench b;

	(void)state;
	start(&b);
	see_open(&b, 0, APP "/users/anna/profile.json", READ);
	see_open(&b, 0, APP "/users/anna/inbox/1.json", WRITE);
	see_open(&b, 0, APP "/users/ben/profile.json", READ);
	see_open(&b, 0, APP "/users/ben/inbox/2.json", WRITE);
	see_open(&b, 0, APP "/users/carla/profile.json", READ);
	learn(&b);
	assert_true(allows_open(&b, APP "/users/dora/profile.json", READ));
	assert_true(allows_open(&b, APP "/users/dora/inbox/77.json", WRITE));
	assert_false(allows_open(&b, APP "/users/dora/secrets.json", READ));
	assert_false(allows_open(&b, APP "/users/dora/profile.json", WRITE));
	assert_false(allows_open(&b, APP "/other/dora/profile.json", READ));
	finish(&b);
}

static void names_with_spaces_and_dots_pass(void **state)
{
	struct bench b;

	(void)state;
	start(&b);
	see_open(&b, 0, APP "/media/cat.jpg", WRITE);
	see_open(&b, 0, APP "/media/dog.jpg", WRITE);
	see_open(&b, 0, APP "/media/IMG_0001.jpg", WRITE);
	learn(&b);
	assert_true(
		allows_open(&b, APP "/media/my holiday, day 1.v2.jpg", WRITE));
	assert_false(allows_open(&b, APP "/media/.hidden.jpg", WRITE));
	assert_false(allows_open(&b, APP "/media/x/y.jpg", WRITE));
	finish(&b);
}

/* Of pictures; what a program keeps has the format it was given. */
static void people_s_files_come_in_other_formats(void **state)
{
	static const char *const rows[][2] = { { "jpg", "webp" },
					       { "json", "xml" } };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		char path[128];
		struct bench b;

		start(&b);
		for (int run = 0; run < 2; run++)
			for (int k = 0; k < 2; k++) {
				snprintf(path, sizeof(path), APP "/media/%d.%s",
					 10 * run + k, rows[i][0]);
				see_open(&b, run, path, WRITE);
			}
		learn(&b);
		snprintf(path, sizeof(path), APP "/media/4711.%s", rows[i][1]);
		assert_int_equal(allows_open(&b, path, WRITE), !i);
		assert_false(allows_open(&b, APP "/media/.x.jpg", WRITE));
		finish(&b);
	}
}

/* No program puts a blank into a name. */
static void names_with_blanks_beside_numbers_are_people_s(void **state)
{
	static const char joints[] = { ' ', '_' };

	(void)state;
	for (int i = 0; i < 2; i++) {
		char path[128];
		struct bench b;

		start(&b);
		for (int run = 0; run < 2; run++) {
			snprintf(path, sizeof(path), APP "/in/new%c%d.yaml",
				 joints[i], run);
			see_open(&b, run, path, WRITE);
		}
		learn(&b);
		snprintf(path, sizeof(path), APP "/in/new%clate.yaml",
			 joints[i]);
		assert_int_equal(allows_open(&b, path, WRITE), !i);
		finish(&b);
	}
}

static void files_at_several_depths_open_for_any_depth(void **state)
{
	static const char *const names[] = { "a", "b", "c" };
	char path[128];
	struct bench b;

	(void)state;
	start(&b);
	for (int i = 0; i < 3; i++) {
		snprintf(path, sizeof(path), APP "/docs/%s.md", names[i]);
		see_open(&b, 0, path, READ);
		for (int k = 0; k < 3; k++) {
			snprintf(path, sizeof(path), APP "/docs/%s/%s%s.md",
				 names[i], names[i], names[k]);
			see_open(&b, 0, path, READ);
		}
	}
	learn(&b);
	assert_true(allows_open(&b, APP "/docs/x.md", READ));
	assert_true(allows_open(&b, APP "/docs/x/y.md", READ));
	assert_true(allows_open(&b, APP "/docs/x/y/z/new one.md", READ));
	assert_false(allows_open(&b, APP "/docs/x/y/z/new.html", READ));
	assert_false(allows_open(&b, APP "/x.md", READ));
	finish(&b);
}

static void one_depth_stays_one_depth(void **state)
{
	static const char *const names[] = { "a", "b", "c" };
	char path[128];
	struct bench b;

	(void)state;
	start(&b);
	for (int i = 0; i < 9; i++) {
		snprintf(path, sizeof(path), APP "/docs/%s/%s.md", names[i % 3],
			 names[i / 3]);
		see_open(&b, 0, path, READ);
	}
	learn(&b);
	assert_true(allows_open(&b, APP "/docs/x/a.md", READ));
	assert_false(allows_open(&b, APP "/docs/x/y/a.md", READ));
	assert_false(allows_open(&b, APP "/docs/a.md", READ));
	finish(&b);
}

static void what_a_slot_grants_has_no_rule_of_its_own(void **state)
{
	struct bench b;

	(void)state;
	start(&b);
	see_open(&b, 0, APP "/up/anna/cat.png", WRITE);
	see_open(&b, 0, APP "/up/ben/dog.png", WRITE);
	see_open(&b, 0, APP "/up/carla/logo-2.png", WRITE);
	see_open(&b, 0, APP "/up/dora/logo-2.png", WRITE);
	learn(&b);
	assert_int_equal(b.learned.family[SM_FAMILY_FILES], 1);
	finish(&b);
}

static void packages_read_their_data_like_their_code(void **state)
{
	static const char site[] = "/usr/lib/python3/dist-packages";
	struct sm_principal django = { SM_PRINCIPAL_DISTRIBUTION,
				       SM_STR("django"), SM_STR("") };
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
	static const struct sm_principal slugs = { SM_PRINCIPAL_DISTRIBUTION,
						   SM_STR("slugs"),
						   SM_STR("") };
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

static void relative_arguments_mean_files_of_the_working_directory(void **state)
{
	struct bench b;

	(void)state;
	start(&b);
	for (uint32_t i = 0; i < RUNS; i++)
		b.seen->owners[b.owners[i]].cwd = SM_STR(APP);
	see_open(&b, 0, APP "/out/anna/a b.txt", WRITE);
	see_open(&b, 1, APP "/out/ben/c.txt", WRITE);
	see_popen(&b, 0, ARGV("/usr/bin/wc", "out/anna/a b.txt"));
	see_popen(&b, 1, ARGV("/usr/bin/wc", "out/ben/c.txt"));
	learn(&b);
	assert_true(allows_popen(&b, ARGV("/usr/bin/wc", "out/d/e.f.txt")));
	assert_false(allows_popen(&b, ARGV("/usr/bin/wc", "app.py")));
	assert_false(
		allows_popen(&b, ARGV("/usr/bin/wc", "out/d/../../x.txt")));
	assert_false(allows_popen(&b, ARGV("/usr/bin/wc", "/etc/x.txt")));
	finish(&b);
}

static void uploads_of_any_kind_open_for_any_depth(void **state)
{
	static const char *const paths[] = { "a.jpg", "b.png", "z.jpg",
					     "x/c.pdf", "y/d.pdf" };
	struct bench b;
	char path[64];

	(void)state;
	start(&b);
	for (int i = 0; i < 5; i++) {
		snprintf(path, sizeof(path), APP "/up/%s", paths[i]);
		see_open(&b, i, path, WRITE);
	}
	learn(&b);
	assert_true(allows_open(&b, APP "/up/q/r/s.pdf", WRITE));
	assert_true(allows_open(&b, APP "/up/my file.jpg", WRITE));
	assert_false(allows_open(&b, APP "/up/q/.id.pdf", WRITE));
	assert_false(allows_open(&b, APP "/other/s.pdf", WRITE));
	finish(&b);
}

static void names_written_in_many_ways_open(void **state)
{
	struct bench b;

	(void)state;
	start(&b);
	see_open(&b, 0, APP "/reports/101.txt", WRITE);
	see_open(&b, 0, APP "/reports/102.txt", WRITE);
	see_open(&b, 0, APP "/reports/weekly 1.txt", WRITE);
	see_open(&b, 0, APP "/sheets/101.txt", WRITE);
	see_open(&b, 0, APP "/sheets/102.txt", WRITE);
	see_open(&b, 0, APP "/sheets/103.txt", WRITE);
	learn(&b);
	assert_true(
		allows_open(&b, APP "/reports/2026-11-21 nightly.txt", WRITE));
	assert_false(allows_open(&b, APP "/sheets/nightly.txt", WRITE));
	assert_true(allows_open(&b, APP "/sheets/7.txt", WRITE));
	finish(&b);
}

static void assigned_names_of_two_kinds_open_for_others(void **state)
{
	struct bench b;

	(void)state;
	start(&b);
	see_open(&b, 0, APP "/thumbs/17.png", WRITE);
	see_open(&b, 0, APP "/thumbs/18.png", WRITE);
	see_open(&b, 1, APP "/thumbs/19.png", WRITE);
	see_open(&b, 1, APP "/thumbs/20.jpg", WRITE);
	learn(&b);
	assert_true(allows_open(&b, APP "/thumbs/21.webp", WRITE));
	assert_false(allows_open(&b, APP "/thumbs/cat.png", WRITE));
	assert_false(allows_open(&b, APP "/thumbs/21", WRITE));
	finish(&b);
}

static void languages_open_when_one_was_seen(void **state)
{
	struct bench b;

	(void)state;
	start_single(&b);
	see_open(&b, 0, APP "/locale/de/LC_MESSAGES/app.mo", READ);
	learn(&b);
	assert_true(
		allows_open(&b, APP "/locale/pt_BR/LC_MESSAGES/app.mo", READ));
	assert_false(allows_open(&b, APP "/locale/fr/LC_MESSAGES/x.mo", READ));
	finish(&b);
}

/* --------------------------------------------------------------- protected */

static void protected_places_never_open(void **state)
{
	static const char *const dirs[] = { "/etc/shop.d",
					    "/proc/sys/kernel",
					    "/sys/class/net",
					    "/home/other",
					    "/usr/share/shop",
					    "/root",
					    "/usr/lib/python3.11/data",
					    NULL };
	char path[128];
	struct bench b;

	(void)state;
	for (int d = 0; dirs[d]; d++) {
		start(&b);
		for (int i = 0; i < 6; i++) {
			snprintf(path, sizeof(path), "%s/%d.json", dirs[d], i);
			see_open(&b, i, path, i % 2 ? READ : WRITE);
		}
		learn(&b);
		snprintf(path, sizeof(path), "%s/7.json", dirs[d]);
		assert_false(allows_open(&b, path, READ));
		snprintf(path, sizeof(path), "%s/0.json", dirs[d]);
		assert_true(allows_open(&b, path, WRITE));
		finish(&b);
	}
}

static void code_directories_open_for_written_data_only(void **state)
{
	struct bench b;

	(void)state;
	start(&b);
	for (int i = 0; i < 3; i++) {
		static const char *const logs[] = { APP "/a.log", APP "/b.log",
						    APP "/c.log" };
		static const char *const pages[] = { APP "/a.html",
						     APP "/b.html",
						     APP "/c.html" };
		static const char *const code[] = { APP "/a.py", APP "/b.py",
						    APP "/c.py" };
		static const char *const plain[] = { APP "/a", APP "/b",
						     APP "/c" };

		see_open(&b, i, logs[i], WRITE);
		see_open(&b, i, pages[i], READ);
		see_open(&b, i, code[i], READ);
		see_open(&b, i, plain[i], WRITE);
	}
	learn(&b);
	assert_true(allows_open(&b, APP "/d.log", WRITE));
	assert_false(allows_open(&b, APP "/d.html", READ));
	assert_false(allows_open(&b, APP "/d.py", READ));
	assert_false(allows_open(&b, APP "/app.py", READ));
	assert_false(allows_open(&b, APP "/d", WRITE));
	finish(&b);
}

static void directories_of_programs_stay_as_they_are(void **state)
{
	static const char *const argv[] = { "/srv/env/bin/tool", NULL };
	struct bench b;

	(void)state;
	start(&b);
	see_popen(&b, 0, argv);
	see_open(&b, 0, "/srv/env/bin/tool", READ);
	see_open(&b, 0, "/srv/env/bin/first", WRITE);
	see_open(&b, 1, "/srv/env/bin/second", WRITE);
	learn(&b);
	assert_true(allows_open(&b, "/srv/env/bin/first", WRITE));
	assert_false(allows_open(&b, "/srv/env/bin/third", WRITE));
	assert_false(allows_open(&b, "/srv/env/bin/tool", WRITE));
	finish(&b);
}

static void dotfiles_and_keys_stay_literal(void **state)
{
	static const char *const paths[] = {
		APP "/data/.a.json", APP "/data/.b.json", APP "/data/.c.json",
		APP "/data/a.pem",   APP "/data/b.pem",	  APP "/data/c.pem",
	};
	struct bench b;

	(void)state;
	start(&b);
	for (int i = 0; i < 6; i++)
		see_open(&b, i, paths[i], READ);
	learn(&b);
	assert_false(allows_open(&b, APP "/data/.d.json", READ));
	assert_false(allows_open(&b, APP "/data/d.pem", READ));
	for (int i = 0; i < 6; i++)
		assert_true(allows_open(&b, paths[i], READ));
	finish(&b);
}

static void shared_directories_open_with_a_fixed_start_only(void **state)
{
	struct bench b;

	(void)state;
	start(&b);
	see_open(&b, 0, "/tmp/shop-1.json", WRITE);
	see_open(&b, 1, "/tmp/shop-2.json", WRITE);
	see_open(&b, 2, "/tmp/anna.json", WRITE);
	see_open(&b, 3, "/tmp/ben.json", WRITE);
	see_open(&b, 4, "/tmp/carla.json", WRITE);
	learn(&b);
	assert_true(allows_open(&b, "/tmp/shop-3.json", WRITE));
	assert_false(allows_open(&b, "/tmp/dora.json", WRITE));
	finish(&b);
}

/* ----------------------------------------------------------------- made up */

static void temporary_names_open_when_seen_once(void **state)
{
	struct sm_value name = text("/srv/data/upload-k3x_9abz.part");
	struct sm_event made = event_of("tempfile.mkstemp", &name, 1);
	struct bench b;

	(void)state;
	start(&b);
	see_open(&b, 0, "/tmp/tmpab12_x9z", WRITE);
	see_open(&b, 0, "/srv/data/upload-k3x_9abz.part", WRITE);
	add(&b, 0, &made);
	learn(&b);
	assert_true(allows_open(&b, "/tmp/tmpzzzzzzzz", WRITE));
	assert_false(allows_open(&b, "/tmp/tmpzzzzzzzzz", WRITE));
	assert_false(allows_open(&b, "/tmp/tmpZZZZZZZZ", WRITE));
	assert_true(allows_open(&b, "/srv/data/upload-00000000.part", WRITE));
	assert_false(allows_open(&b, "/srv/data/other-00000000.part", WRITE));
	finish(&b);
}

static void temporary_names_are_told_from_words_beside_them(void **state)
{
	static const char *const seen[] = {
		"/srv/pip-modern-metadata-ynxvpx6n",
		"/srv/pip-modern-building-abcdefgh",
		"/srv/direct_url.jsonsbvm3x_f.tmp",
		"/srv/RECORD62ms9m9u.tmp",
	};
	static const char *const others[] = {
		"/srv/pip-modern-metadata-00000000",
		"/srv/pip-modern-building-00000000",
		"/srv/direct_url.json00000000.tmp",
		"/srv/RECORD00000000.tmp",
	};
	struct bench b;

	(void)state;
	for (size_t i = 0; i < sizeof(seen) / sizeof(seen[0]); i++) {
		struct sm_value name = text(seen[i]);
		struct sm_event made = event_of("tempfile.mkstemp", &name, 1);

		start(&b);
		see_open(&b, 0, seen[i], WRITE);
		add(&b, 0, &made);
		learn(&b);
		assert_true(allows_open(&b, others[i], WRITE));
		finish(&b);
	}
}

static void process_ids_are_in_no_rule(void **state)
{
	struct sm_value name = text("/dev/shm/pym-4000-k3x_9abz");
	struct sm_event made = event_of("tempfile.mkstemp", &name, 1);
	struct bench b;
	char *out;

	(void)state;
	start(&b);
	see_open(&b, 0, "/proc/4000/stat", READ);
	see_open(&b, 0, APP "/run/worker.4000.sock", WRITE);
	see_open(&b, 0, "/dev/shm/pym-4000-k3x_9abz", WRITE);
	add(&b, 0, &made);
	learn(&b);
	assert_true(allows_open(&b, "/proc/9/stat", READ));
	assert_false(allows_open(&b, "/proc/9/mem", READ));
	assert_true(allows_open(&b, APP "/run/worker.81.sock", WRITE));
	assert_true(allows_open(&b, "/dev/shm/pym-81-00000000", WRITE));
	assert_false(allows_open(&b, "/dev/shm/pym-x-00000000", WRITE));
	out = print(&b);
	assert_null(strstr(out, "4000"));
	free(out);
	finish(&b);
}

static void small_process_ids_stand_alone(void **state)
{
	struct bench b;

	(void)state;
	start(&b);
	b.seen->owners[b.owners[0]].guest_pid = 7; /* in a container */
	see_open(&b, 0, APP "/run7/worker.7.sock", WRITE);
	see_open(&b, 0, "/var/tmp/rooms-7_onz3xs/a.json", WRITE);
	learn(&b);
	assert_true(allows_open(&b, APP "/run7/worker.8.sock", WRITE));
	assert_false(allows_open(&b, APP "/run8/worker.7.sock", WRITE));
	assert_false(allows_open(&b, "/var/tmp/rooms-8_onz3xs/a.json", WRITE));
	finish(&b);
}

static struct sm_event path_event(struct sm_value args[3], const char *event,
				  const char *path)
{
	args[0] = text(path);
	args[1] = number(-1);
	return event_of(event, args, 2);
}

/* Killed, it leaves the socket behind, and starts with removing it. */
static void who_listens_on_a_path_removes_what_was_left_there(void **state)
{
	struct sm_value args[3];
	struct sm_event e;
	struct bench b;

	(void)state;
	start(&b);
	args[0] = number(1);
	args[1] = text(APP "/run/admin.sock");
	e = event_of("socket.bind", args, 2);
	add(&b, 0, &e);
	learn(&b);
	e = path_event(args, "os.remove", APP "/run/admin.sock");
	assert_true(allows(&b, &e));
	e = path_event(args, "os.remove", APP "/run/other.sock");
	assert_false(allows(&b, &e));
	assert_false(allows_open(&b, APP "/run/admin.sock", WRITE));
	finish(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(three_values_open_a_slot_two_do_not),
		cmocka_unit_test(two_written_values_open_unless_one_comes_back),
		cmocka_unit_test(typed_parts_keep_what_is_fixed_around_them),
		cmocka_unit_test(siblings_share_what_is_below_them),
		cmocka_unit_test(names_with_spaces_and_dots_pass),
		cmocka_unit_test(people_s_files_come_in_other_formats),
		cmocka_unit_test(names_with_blanks_beside_numbers_are_people_s),
		cmocka_unit_test(files_at_several_depths_open_for_any_depth),
		cmocka_unit_test(one_depth_stays_one_depth),
		cmocka_unit_test(uploads_of_any_kind_open_for_any_depth),
		cmocka_unit_test(names_written_in_many_ways_open),
		cmocka_unit_test(assigned_names_of_two_kinds_open_for_others),
		cmocka_unit_test(languages_open_when_one_was_seen),
		cmocka_unit_test(what_a_slot_grants_has_no_rule_of_its_own),
		cmocka_unit_test(packages_read_their_data_like_their_code),
		cmocka_unit_test(
			a_package_reads_its_own_files_though_it_read_none),
		cmocka_unit_test(
			relative_arguments_mean_files_of_the_working_directory),
		cmocka_unit_test(protected_places_never_open),
		cmocka_unit_test(code_directories_open_for_written_data_only),
		cmocka_unit_test(directories_of_programs_stay_as_they_are),
		cmocka_unit_test(dotfiles_and_keys_stay_literal),
		cmocka_unit_test(
			shared_directories_open_with_a_fixed_start_only),
		cmocka_unit_test(temporary_names_open_when_seen_once),
		cmocka_unit_test(
			temporary_names_are_told_from_words_beside_them),
		cmocka_unit_test(process_ids_are_in_no_rule),
		cmocka_unit_test(small_process_ids_stand_alone),
		cmocka_unit_test(
			who_listens_on_a_path_removes_what_was_left_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
