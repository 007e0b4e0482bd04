/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_learn_lines.c: scripts and their words in shell lines, and values with
 * text of the program's around them.
 */
#include "tests/unit/learn_fixture.h"

#define PYTHON "/usr/bin/python3 "

static void addresses_open_within_a_word(void **state)
{
	struct bench b;

	(void)state;
	start(&b);
	see_system(&b, 0, "sed -i \"/^192.0.2.1 /d\" seen");
	see_system(&b, 1, "sed -i \"/^198.51.100.77 /d\" seen");
	see_system(&b, 2, "sed -i \"/^2001:db8::1:17 /d\" seen");
	see_system(&b, 0, "curl -s http://10.0.0.1/up");
	see_system(&b, 1, "curl -s http://10.20.0.1/up");
	see_system(&b, 2, "curl -s http://fd00::1/up");
	learn(&b);
	assert_true(allows_system(&b, "sed -i \"/^10.20.30.40 /d\" seen"));
	assert_true(allows_system(&b, "sed -i '/^fd00::beef /d' seen"));
	assert_false(allows_system(&b, "sed -i '/^10.0.0.1 /e' seen"));
	assert_false(allows_system(&b, "sed -i '/^x/e id; /d' seen"));
	assert_false(allows_system(&b, "sed -i '/^$(id) /d' seen"));
	assert_false(allows_system(&b, "sed -i '/^ /d' seen"));
	assert_false(allows_system(&b, "curl -s http://169.254.169.254/up"));
	finish(&b);
}

/* The front and the back that all share may be parts of the addresses. */
static void shared_digits_belong_to_the_addresses(void **state)
{
	struct bench b;

	(void)state;
	start(&b);
	see_system(&b, 0, "logger 'from 192.0.2.10 ok'");
	see_system(&b, 1, "logger 'from 192.0.2.20 ok'");
	see_system(&b, 2, "logger 'from 192.0.2.30 ok'");
	learn(&b);
	assert_true(allows_system(&b, "logger 'from fd00::1 ok'"));
	assert_false(allows_system(&b, "logger 'from x.y ok ok'"));
	finish(&b);
}

/* The next address may be another service's: 169.254.169.254 knows secrets. */
static void hosts_of_urls_stay(void **state)
{
	static const char *const same[] = { "http://10.0.0.1/up",
					    "http://10.0.0.2/up",
					    "http://10.0.0.3/up" };
	static const char *const ports[] = { "u=http://ann@10.0.0.1:8081/n/7",
					     "u=http://ann@10.0.0.1:8082/n/8",
					     "u=http://ann@10.0.0.1:8093/n/9" };
	struct bench b;
	char line[96];

	(void)state;
	start(&b);
	for (unsigned i = 0; i < 3; i++) {
		snprintf(line, sizeof(line), "curl -s %s", same[i]);
		see_system(&b, i, line);
		snprintf(line, sizeof(line), "wget %s", ports[i]);
		see_system(&b, i, line);
	}
	learn(&b);
	assert_true(allows_system(&b, "curl -s http://10.0.0.2/up"));
	assert_false(allows_system(&b, "curl -s http://169.254.169.254/up"));
	assert_true(allows_system(&b, "wget u=http://ann@10.0.0.1:9000/n/12"));
	assert_false(allows_system(&b, "wget u=http://ann@10.0.0.7:8081/n/7"));
	finish(&b);
}

/* As in argument vectors: what it does is told apart from what it is told. */
static void a_script_in_a_line_has_commands_of_its_own(void **state)
{
	static const char *const ban[] = { "ban web 192.0.2.1 ann",
					   "ban web 192.0.2.2 bob",
					   "ban web 192.0.2.3 eve" };
	static const char *const unban[] = { "unban web 192.0.2.1",
					     "unban web 192.0.2.2",
					     "unban web 192.0.2.3" };
	struct bench b;
	char line[96];

	(void)state;
	start(&b);
	for (int i = 0; i < 3; i++) {
		snprintf(line, sizeof(line), PYTHON "/opt/note.py %s 2>> log",
			 ban[i]);
		see_system(&b, i, line);
		snprintf(line, sizeof(line), PYTHON "/opt/note.py %s 2>> log",
			 unban[i]);
		see_system(&b, i, line);
	}
	learn(&b);
	assert_true(allows_system(
		&b, PYTHON "/opt/note.py ban web ::1 'Mary Ann' 2>> log"));
	assert_true(allows_system(&b, PYTHON
				  "/opt/note.py unban web 192.0.2.9 2>> log"));
	assert_false(allows_system(
		&b, PYTHON "/opt/note.py unban web 192.0.2.9 ann 2>> log"));
	assert_false(allows_system(&b, PYTHON
				   "/opt/note.py ban web a b c d e f 2>> log"));
	assert_false(allows_system(&b, PYTHON
				   "/opt/x.py ban web 192.0.2.1 ann 2>> log"));
	finish(&b);
}

/* References of all kinds, for a script and for a program of the system. */
static void see_references(struct bench *b, const char *told)
{
	static const char *const words[] = { "-", "doc:one.txt",
					     "http://127.0.0.1:8000/hosts/1",
					     "ticket-17" };
	char line[128];

	for (int i = 0; i < 4; i++)
		for (int run = i % 2; run < 2; run++) {
			snprintf(line, sizeof(line), "%s add %s", told,
				 words[i]);
			see_system(b, run, line);
		}
}

static bool allows_reference(struct bench *b, const char *told,
			     const char *word)
{
	char line[128];

	snprintf(line, sizeof(line), "%s add %s", told, word);
	return allows_system(b, line);
}

static void the_application_decides_what_its_scripts_are_told(void **state)
{
	static const char own[] = PYTHON APP "/note.py -q",
			  other[] = PYTHON "/opt/note.py -q",
			  program[] = "/usr/bin/note -q";
	struct bench b;

	(void)state;
	start(&b);
	see_load(&b, APP "/note.py");
	see_references(&b, own);
	see_references(&b, other);
	see_references(&b, program);
	learn(&b);
	assert_true(allows_reference(&b, own, "TT-2027/4711"));
	assert_true(allows_reference(&b, own, "'doc:old/my case.md'"));
	assert_true(allows_reference(&b, own, "http://127.0.0.1:8000/late"));
	assert_true(allows_reference(&b, own, "-"));
	assert_false(allows_reference(&b, own, "--output=x"));
	assert_false(allows_reference(&b, own, "/etc/passwd"));
	assert_false(allows_reference(&b, own, "doc:../../etc/passwd"));
	assert_false(allows_reference(&b, own, "$(id)"));
	assert_false(allows_reference(&b, own, "x y"));
	assert_false(allows_reference(&b, other, "TT-2027/4711"));
	assert_false(allows_reference(&b, program, "TT-2027/4711"));
	finish(&b);
}

/* `-` says where it comes from, and tells nothing of the names. */
#define SENSOR "/usr/bin/sensor", "all"
#define MAIL   "/usr/bin/mail", "-m"

/* Both come back each day; a program of the system might do more with a third.
 */
static void two_settings_of_the_applications_own_are_enough(void **state)
{
	static const struct {
		const char *module;
		bool is_tight, open;
	} rows[] = { { "jobs.sensor", false, true },
		     { "jobs.sensor", true, false },
		     { "sensorlib.run", false, false } };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct sm_learn_options options = {
			.level = rows[i].is_tight ? SM_LEVEL_TIGHT
						  : SM_LEVEL_BALANCED
		};
		const char *m = rows[i].module;
		struct bench b;

		start(&b);
		see_load(&b, APP "/jobs/sensor.py");
		for (int run = 0; run < 2; run++) {
			see_popen(&b, run,
				  ARGV("/usr/bin/python3", "-m", m, "all",
				       "--unit", "C"));
			see_popen(&b, run,
				  ARGV("/usr/bin/python3", "-m", m, "all",
				       "--unit", "K"));
			for (int k = 0; k < 2; k++)
				see_popen(&b, run,
					  ARGV("/usr/bin/python3", "-m", m,
					       "all", "--role",
					       k ? "viewer" : "editor"));
			see_popen(&b, run, ARGV(MAIL, m, "--to", "Ann"));
			see_popen(&b, run, ARGV(MAIL, m, "--to", "Ben"));
		}
		learn_with(&b, &options);
		assert_int_equal(
			allows_popen(&b, ARGV("/usr/bin/python3", "-m", m,
					      "all", "--unit", "F")),
			rows[i].open);
		assert_false(allows_popen(&b, ARGV("/usr/bin/python3", "-m", m,
						   "all", "--role", "admin")));
		assert_false(allows_popen(&b, ARGV(SENSOR, "--unit", "F")));
		assert_false(allows_popen(&b, ARGV(MAIL, m, "--to", "Carl")));
		assert_false(allows_popen(&b, ARGV("/usr/bin/python3", "-m", m,
						   "all", "--unit", "/x")));
		assert_false(allows_popen(&b, ARGV("/usr/bin/python3", "-m", m,
						   "all", "--unit", "--as")));
		assert_false(allows_popen(&b, ARGV("/usr/bin/python3", "-m", m,
						   "one", "--unit", "C")));
		finish(&b);
	}
}

static void a_dash_is_none_of_the_values(void **state)
{
	struct bench b;

	(void)state;
	start(&b);
	see_popen(&b, 0, ARGV("/usr/bin/tell", "--to", "ann", "-"));
	see_popen(&b, 0, ARGV("/usr/bin/tell", "--to", "bob", "-"));
	see_popen(&b, 1, ARGV("/usr/bin/tell", "--to", "eve", "-"));
	see_popen(&b, 1, ARGV("/usr/bin/tell", "--to", "ann", "May"));
	see_popen(&b, 0, ARGV("/usr/bin/tell", "--to", "bob", "June"));
	see_popen(&b, 1, ARGV("/usr/bin/tell", "--to", "eve", "July"));
	learn(&b);
	assert_true(
		allows_popen(&b, ARGV("/usr/bin/tell", "--to", "Zoe", "-")));
	assert_true(
		allows_popen(&b, ARGV("/usr/bin/tell", "--to", "Zoe", "Mars")));
	assert_false(
		allows_popen(&b, ARGV("/usr/bin/tell", "--to", "-", "Mars")));
	assert_false(
		allows_popen(&b, ARGV("/usr/bin/tell", "--to", "Zoe", "-x")));
	finish(&b);
}

#define NOTE(text) ARGV("/usr/bin/note", "-s", text)
#define DRAW(text) ARGV("/usr/bin/draw", text, "-")

/* Words with blanks between them are no names of files. */
static void prose_may_hold_slashes(void **state)
{
	struct bench b;

	(void)state;
	start(&b);
	see_popen(&b, 0, NOTE("start: first"));
	see_popen(&b, 0, NOTE("no network"));
	see_popen(&b, 1, NOTE("urgent"));
	see_popen(&b, 1, NOTE("port changed again"));
	see_popen(&b, 0, ARGV("/usr/bin/tell", "anna/in: no bill"));
	see_popen(&b, 1, ARGV("/usr/bin/tell", "ben/in: some news"));
	see_popen(&b, 1, ARGV("/usr/bin/tell", "carla/out: lunch today"));
	see_popen(&b, 0, DRAW("my house.png"));
	see_popen(&b, 0, DRAW("a tree.jpg"));
	see_popen(&b, 1, DRAW("sun.gif"));
	learn(&b);
	assert_true(allows_popen(&b, NOTE("coffee/tea: it's broken (2/3)")));
	assert_true(allows_popen(&b, NOTE("see https://wiki/x")));
	assert_true(allows_popen(&b, NOTE("and/or")));
	assert_false(allows_popen(&b, NOTE("/etc/passwd")));
	assert_false(allows_popen(&b, NOTE("x/../../etc/passwd")));
	assert_false(allows_popen(&b, NOTE("../x y")));
	assert_false(allows_popen(&b, NOTE(".git/config")));
	assert_false(allows_popen(&b, NOTE("-x y/z")));
	assert_true(allows_popen(
		&b, ARGV("/usr/bin/tell", "zoe/in/new: and/or 2/3")));
	assert_true(allows_popen(&b, DRAW("my garden.png")));
	assert_false(allows_popen(&b, DRAW("my house/key.png")));
	finish(&b);
}

/* In one directory above, with the ending that all of them have. */
static void names_in_a_directory_above_open(void **state)
{
	static const char *const others[] = { "../a/b.sums", "../../b.sums",
					      "../.b.sums",  "../b.txt",
					      "../b.key",    "/tmp/b.sums",
					      "b.sums",	     "../" };
	struct bench b;

	(void)state;
	start(&b);
	see_system(&b, 0, "cd /srv/in && find . > ../web1.sums");
	see_system(&b, 0, "cd /srv/in && find . > ../db.sums");
	see_system(&b, 1, "cd /srv/in && find . > ../cache.sums");
	see_popen(&b, 0, ARGV("/usr/bin/sign", "../keys/anna.key"));
	see_popen(&b, 1, ARGV("/usr/bin/sign", "../keys/ben.key"));
	see_popen(&b, 1, ARGV("/usr/bin/sign", "../keys/carla.key"));
	learn(&b);
	assert_true(
		allows_system(&b, "cd /srv/in && find . > '../mx out.sums'"));
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++) {
		char line[128];

		snprintf(line, sizeof(line), "cd /srv/in && find . > %s",
			 others[i]);
		assert_false(allows_system(&b, line));
	}
	assert_false(
		allows_popen(&b, ARGV("/usr/bin/sign", "../keys/zoe.key")));
	finish(&b);
}

/* What the shell finds may be called otherwise in front, and nothing else. */
static void names_in_front_of_a_star_open(void **state)
{
	static const char *const others[] = {
		"sum a.txt > a.sums",	"sum a* > a.sums",
		"sum *.* > a.sums",	"sum ../a.* > a.sums",
		"sum -a.* > a.sums",	"sum $a.* > a.sums",
		"sum a.* > ../a.sums",	"sum a.* > .a.sums",
		"sum a.* b.* > a.sums", "lst -x/c.* > list",
	};
	struct bench b;

	(void)state;
	start(&b);
	see_system(&b, 0, "sum sales-1.* > sales-1.sums");
	see_system(&b, 1, "sum 'weeks 7'.* > 'weeks 7.sums'");
	see_system(&b, 2, "sum abroad.* > abroad.sums");
	see_system(&b, 0, "lst src/a.* > list");
	see_system(&b, 1, "lst src/b.* > list");
	see_system(&b, 2, "lst src/c.* > list");
	learn(&b);
	assert_true(allows_system(&b, "sum 'K\xc3\xb6ln S.2'.* > K.sums"));
	assert_true(allows_system(&b, "lst src/c.* > list"));
	assert_false(allows_system(&b, "lst src/d.* > list"));
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
		if (allows_system(&b, others[i]))
			fail_msg("%s", others[i]);
	finish(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_open_within_a_word),
		cmocka_unit_test(names_in_front_of_a_star_open),
		cmocka_unit_test(shared_digits_belong_to_the_addresses),
		cmocka_unit_test(hosts_of_urls_stay),
		cmocka_unit_test(a_script_in_a_line_has_commands_of_its_own),
		cmocka_unit_test(
			the_application_decides_what_its_scripts_are_told),
		cmocka_unit_test(
			two_settings_of_the_applications_own_are_enough),
		cmocka_unit_test(a_dash_is_none_of_the_values),
		cmocka_unit_test(prose_may_hold_slashes),
		cmocka_unit_test(names_in_a_directory_above_open),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
