/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/learn_fixture.h"

/* --------------------------------------------------------------- processes */

static void arguments_open_by_type_and_options_stay(void **state)
{
	struct bench b;

	(void)state;
	start(&b);
	see_popen(&b, 0, ARGV("/usr/bin/ping", "-c", "1", "10.0.0.1"));
	see_popen(&b, 1, ARGV("/usr/bin/ping", "-c", "1", "example.org"));
	see_popen(&b, 2, ARGV("/usr/bin/ping", "-c", "1", "localhost"));
	learn(&b);
	assert_true(allows_popen(
		&b, ARGV("/usr/bin/ping", "-c", "1", "new.example.net")));
	assert_false(allows_popen(&b, ARGV("/usr/bin/ping", "-c", "1", "-f")));
	assert_false(allows_popen(
		&b, ARGV("/usr/bin/ping", "-i", "1", "new.example.net")));
	assert_false(
		allows_popen(&b, ARGV("/usr/bin/ping", "-c", "1", "/etc/x")));
	assert_false(allows_popen(&b, ARGV("/bin/sh", "-c", "1", "a.b")));
	assert_false(allows_popen(
		&b, ARGV("/usr/bin/ping", "-c", "1", "a.b", "c.d")));
	finish(&b);
}

static void paths_in_arguments_take_the_slots_of_files(void **state)
{
	struct bench b;

	(void)state;
	start(&b);
	see_open(&b, 0, APP "/media/1.png", WRITE);
	see_open(&b, 1, APP "/media/2.png", WRITE);
	see_popen(&b, 0, ARGV("/usr/bin/convert", APP "/media/1.png"));
	learn(&b);
	assert_true(allows_popen(
		&b, ARGV("/usr/bin/convert", APP "/media/55.png")));
	assert_false(allows_popen(&b, ARGV("/usr/bin/convert", APP "/app.py")));
	assert_false(allows_popen(
		&b, ARGV("/usr/bin/convert", APP "/media/../app.py")));
	finish(&b);
}

static void numbers_attached_to_options_open(void **state)
{
	struct bench b;

	(void)state;
	start(&b);
	see_system(&b, 0, "cut -c1-10 " APP "/notes.txt");
	see_system(&b, 1, "cut -c1-24 " APP "/notes.txt");
	see_system(&b, 2, "cut -c1-72 " APP "/notes.txt");
	learn(&b);
	assert_true(allows_system(&b, "cut -c1-100 " APP "/notes.txt"));
	assert_false(allows_system(&b, "cut -f1-100 " APP "/notes.txt"));
	assert_false(allows_system(&b, "cut -c1-x " APP "/notes.txt"));
	finish(&b);
}

static void names_of_owners_are_arguments(void **state)
{
	static const char *const pages[] = { APP "/pages/books/1.html",
					     APP "/pages/tea.shop/2.html",
					     APP "/pages/wine/3.html" };
	struct bench b;

	(void)state;
	start(&b);
	for (int run = 0; run < 2; run++) {
		for (int i = 0; i < 3; i++)
			see_open(&b, run, pages[i], WRITE);
		see_popen(&b, run, ARGV("/usr/bin/ls", "-1", "books"));
		see_popen(&b, run, ARGV("/usr/bin/ls", "-1", "tea.shop"));
		see_popen(&b, run, ARGV("/usr/bin/du", "-s", "all"));
		see_popen(&b, run, ARGV("/usr/bin/du", "-s", "one"));
	}
	learn(&b);
	assert_true(allows_popen(&b, ARGV("/usr/bin/ls", "-1", "KÃ¤se & Co")));
	assert_false(allows_popen(&b, ARGV("/usr/bin/ls", "-1", "/etc")));
	assert_false(allows_popen(&b, ARGV("/usr/bin/ls", "-1", "-R")));
	assert_false(allows_popen(&b, ARGV("/usr/bin/du", "-s", "two")));
	finish(&b);
}

static void lists_of_files_may_be_longer(void **state)
{
	static const char *const objects[] = { APP "/out/one/a.o",
					       APP "/out/one/b.o",
					       APP "/out/two/c.o" };
	struct bench b;

	(void)state;
	start(&b);
	for (int i = 0; i < 3; i++)
		see_open(&b, 0, objects[i], WRITE);
	see_popen(
		&b, 0,
		ARGV("/usr/bin/ld", "-r", objects[0], objects[1], objects[2]));
	see_system(&b, 0, "ls " APP "/out/one/a.o " APP "/out/two/c.o");
	learn(&b);
	assert_true(allows_popen(
		&b, ARGV("/usr/bin/ld", "-r", objects[0], objects[1],
			 objects[2], APP "/out/new/d.o", APP "/out/new/e.o")));
	assert_true(allows_popen(&b, ARGV("/usr/bin/ld", "-r", objects[0])));
	assert_false(
		allows_popen(&b, ARGV("/usr/bin/ld", "-r", objects[0],
				      objects[1], objects[2], "/etc/passwd")));
	assert_false(allows_system(&b, "ls " APP "/out/one/a.o " APP
				       "/out/two/c.o " APP "/out/two/d.o"));
	finish(&b);
}

static void names_of_owners_are_no_subcommands(void **state)
{
	static const char *const names[] = { "anna", "ben", "carla" };
	char line[128];
	struct bench b;

	(void)state;
	start(&b);
	for (int i = 0; i < 3; i++) {
		snprintf(line, sizeof(line), APP "/vault/%s/%s.txt", names[i],
			 names[i]);
		see_open(&b, 0, line, WRITE);
		snprintf(line, sizeof(line), "echo %s >> " APP "/log.txt",
			 names[i]);
		see_system(&b, 0, line);
	}
	learn(&b);
	assert_true(allows_system(&b, "echo zoe >> " APP "/log.txt"));
	assert_false(allows_system(&b, "echo $HOME >> " APP "/log.txt"));
	assert_false(allows_system(&b, "echo zoe >> " APP "/other.txt"));
	finish(&b);
}

static void subcommands_stay_apart(void **state)
{
	struct bench b;

	(void)state;
	start(&b);
	for (int i = 0; i < 3; i++) {
		static const char *const names[] = { "alpha", "beta", "gamma" };

		see_popen(&b, i, ARGV("/usr/bin/git", "log", names[i]));
		see_popen(&b, i, ARGV("/usr/bin/git", "show", names[i]));
	}
	learn(&b);
	assert_true(allows_popen(&b, ARGV("/usr/bin/git", "log", "delta")));
	assert_false(allows_popen(&b, ARGV("/usr/bin/git", "push", "delta")));
	finish(&b);
}

static void shell_lines_open_word_by_word(void **state)
{
	struct bench b;

	(void)state;
	start(&b);
	see_system(&b, 0, "ping -c 1 10.0.0.1 > /dev/null 2>&1");
	see_system(&b, 1, "ping -c 1 localhost > /dev/null 2>&1");
	see_system(&b, 2, "ping -c 1 example.org > /dev/null 2>&1");
	learn(&b);
	assert_true(allows_system(&b, "ping -c 1 other.org > /dev/null 2>&1"));
	assert_false(allows_system(
		&b, "ping -c 1 x.org; cat /etc/passwd > /dev/null 2>&1"));
	assert_false(allows_system(&b, "ping -c 1 $(id) > /dev/null 2>&1"));
	assert_false(allows_system(&b, "ping -c 1 other.org > /tmp/x 2>&1"));
	finish(&b);
}

static void one_shell_line_stays_literal(void **state)
{
	struct bench b;

	(void)state;
	start_single(&b);
	see_system(&b, 0, "ls *.txt | sort 'a b' \"$HOME\"");
	see_system(&b, 0, "echo 'unbalanced");
	learn(&b);
	assert_true(allows_system(&b, "ls *.txt | sort 'a b' \"$HOME\""));
	assert_true(allows_system(&b, "echo 'unbalanced"));
	assert_false(allows_system(&b, "ls *.py | sort 'a b' \"$HOME\""));
	finish(&b);
}

/* -------------------------------------------------------------------- rest */

static void distributions_are_granted_whole_and_modules_by_name(void **state)
{
	struct sm_value args[3];
	struct sm_event e;
	struct bench b;

	(void)state;
	start(&b);
	see_load(&b, APP "/views.py");
	see_load(&b, "/usr/lib/python3/dist-packages/flask/app.py");
	learn(&b);
	e = load_event(args, "/usr/lib/python3/dist-packages/flask/lazy.py");
	assert_true(allows(&b, &e));
	e = load_event(args, "/usr/lib/python3/dist-packages/evil/x.py");
	assert_false(allows(&b, &e));
	e = load_event(args, APP "/views.py");
	assert_true(allows(&b, &e));
	e = load_event(args, APP "/evil.py");
	assert_false(allows(&b, &e));
	assert_false(allows_open(&b, APP "/views.py", READ));
	finish(&b);
}

/* A connection to host:port, known by names; address: where a name led. */
static struct sm_event connect_event(struct sm_value values[4],
				     const char *host, int port,
				     const char *address, const char *names)
{
	struct sm_event e;

	values[0] = text("tcp");
	values[1] = (struct sm_value){ .type = SM_LIST, .len = 2 };
	values[1].full_len = 2;
	values[1].items = values + 2;
	values[2] = text(host);
	values[3] = number(port);
	e = event_of("socket.connect", values, 2);
	e.resolved[0] = sm_str_of(address);
	e.resolved[1] = sm_str_of(names);
	return e;
}

static void see_connect(struct bench *b, const char *host, int port,
			const char *names)
{
	struct sm_value values[4];
	struct sm_event e = connect_event(values, host, port, "", names);

	add(b, 0, &e);
}

static bool allows_connect(struct bench *b, const char *host, int port,
			   const char *names)
{
	struct sm_value values[4];
	struct sm_event e = connect_event(values, host, port, "", names);

	return allows(b, &e);
}

static void
two_addresses_stay_literal_and_three_private_make_a_network(void **state)
{
	struct bench b;

	(void)state;
	start(&b);
	see_connect(&b, "10.1.1.1", 443, "");
	see_connect(&b, "10.1.1.2", 443, "");
	learn(&b);
	assert_true(allows_connect(&b, "10.1.1.1", 443, ""));
	assert_false(allows_connect(&b, "10.1.1.3", 443, ""));
	assert_false(allows_connect(&b, "10.1.1.1", 22, ""));
	finish(&b);

	start(&b);
	see_connect(&b, "10.1.1.1", 443, "");
	see_connect(&b, "10.1.1.1", 443, "");
	see_connect(&b, "10.1.1.2", 443, "");
	see_connect(&b, "10.1.1.77", 443, "");
	see_connect(&b, "10.1.2.9", 443, "");
	see_connect(&b, "10.1.1.99", 22, "");
	learn(&b);
	assert_true(allows_connect(&b, "10.1.1.200", 443, ""));
	assert_true(allows_connect(&b, "10.1.2.9", 443, ""));
	assert_false(allows_connect(&b, "10.1.2.10", 443, ""));
	assert_false(allows_connect(&b, "10.1.1.1", 22, ""));
	finish(&b);
}

static void a_block_of_public_addresses_holds_no_more_than_them(void **state)
{
	struct bench b;

	(void)state;
	start(&b);
	see_connect(&b, "93.184.216.33", 443, "");
	see_connect(&b, "93.184.216.34", 443, "");
	see_connect(&b, "93.184.216.38", 443, "");
	see_connect(&b, "2606:2800:220:1::1", 443, "");
	see_connect(&b, "2606:2800:220:1::2", 443, "");
	see_connect(&b, "2606:2800:220:1::3", 443, "");
	learn(&b);
	assert_true(allows_connect(&b, "93.184.216.36", 443, ""));
	assert_false(allows_connect(&b, "93.184.216.40", 443, ""));
	assert_false(allows_connect(&b, "93.184.216.30", 443, ""));
	assert_true(allows_connect(&b, "2606:2800:220:1::", 443, ""));
	assert_false(allows_connect(&b, "2606:2800:220:1::4", 443, ""));
	finish(&b);
}

static void no_block_holds_loopback_or_metadata(void **state)
{
	struct bench b;
	char host[32];

	(void)state;
	start(&b);
	for (int i = 1; i < 6; i++) {
		snprintf(host, sizeof(host), "100.100.100.%d", i);
		see_connect(&b, host, 80, "");
		snprintf(host, sizeof(host), "169.254.1.%d", i);
		see_connect(&b, host, 80, "");
		snprintf(host, sizeof(host), "127.0.0.%d", i);
		see_connect(&b, host, 80, "");
	}
	learn(&b);
	assert_true(allows_connect(&b, "100.100.100.5", 80, ""));
	assert_false(allows_connect(&b, "100.100.100.200", 80, ""));
	assert_false(allows_connect(&b, "100.100.100.6", 80, ""));
	assert_true(allows_connect(&b, "169.254.1.5", 80, ""));
	assert_false(allows_connect(&b, "169.254.1.6", 80, ""));
	assert_false(allows_connect(&b, "127.0.0.6", 80, ""));
	/* the metadata addresses, marked; the network's are not loopback's */
	assert_int_equal(b.learned.reviews, 5 + 5);
	finish(&b);
}

static void a_connection_is_granted_by_its_names(void **state)
{
	struct bench b;

	(void)state;
	start(&b);
	see_connect(&b, "93.184.216.34", 443, "api.test");
	see_connect(&b, "10.0.0.7", 5432, "a.test b.test");
	see_connect(&b, "127.0.0.1", 80, "own.test");
	see_connect(&b, "127.0.0.1", 81, "localhost own.test");
	see_connect(&b, "169.254.169.254", 80, "metadata.test");
	see_connect(&b, "10.0.0.8", 22, "c.test");
	see_connect(&b, "10.0.0.8", 22, "");
	learn(&b);
	assert_true(allows_connect(&b, "93.184.216.99", 443, "api.test"));
	assert_false(allows_connect(&b, "93.184.216.34", 443, ""));
	assert_false(allows_connect(&b, "93.184.216.34", 80, "api.test"));
	assert_true(allows_connect(&b, "10.0.0.9", 5432, "a.test"));
	assert_true(allows_connect(&b, "10.0.0.9", 5432, "b.test"));
	assert_true(allows_connect(&b, "127.0.0.9", 80, "own.test"));
	assert_false(allows_connect(&b, "127.0.0.1", 80, ""));
	assert_false(allows_connect(&b, "93.184.216.34", 80, "own.test"));
	assert_true(allows_connect(&b, "127.0.0.1", 81, ""));
	assert_true(allows_connect(&b, "169.254.169.254", 80, ""));
	assert_false(
		allows_connect(&b, "169.254.169.253", 80, "metadata.test"));
	assert_true(allows_connect(&b, "10.0.0.8", 22, ""));
	assert_true(allows_connect(&b, "10.0.0.9", 22, "c.test"));
	finish(&b);
}

static void a_name_given_to_the_socket_is_granted_where_it_led(void **state)
{
	struct sm_value values[4];
	struct sm_event e;
	struct bench b;

	(void)state;
	start(&b);
	e = connect_event(values, "API.test", 443, "93.184.216.34",
			  "api.test other.test");
	add(&b, 0, &e);
	e = connect_event(values, "own.test", 80, "127.0.1.1", "own.test");
	add(&b, 0, &e);
	e = connect_event(values, "meta.test", 80, "169.254.169.254", "");
	add(&b, 0, &e);
	learn(&b);
	assert_int_equal(b.learned.residue_count, 0);
	assert_int_equal(b.learned.repaired, 0);
	assert_true(allows_connect(&b, "93.184.216.9", 443, "api.test"));
	assert_false(allows_connect(&b, "93.184.216.9", 443, "other.test"));
	assert_true(allows_connect(&b, "127.0.0.1", 80, "own.test"));
	assert_true(allows_connect(&b, "169.254.169.254", 80, ""));
	e = connect_event(values, "meta.test", 80, "93.184.216.34", "");
	assert_false(allows(&b, &e));
	finish(&b);
}

static void what_adds_nothing_to_a_name_s_rule_is_left_out(void **state)
{
	struct sm_value values[4];
	struct sm_event udp;
	struct bench b;

	(void)state;
	start(&b);
	see_connect(&b, "127.0.0.1", 80, "");
	see_connect(&b, "::1", 80, "");
	see_connect(&b, "127.0.0.1", 80, "localhost");
	udp = connect_event(values, "10.0.0.7", 53, "", "dns.test");
	values[0] = text("udp");
	add(&b, 0, &udp);
	see_connect(&b, "10.0.0.7", 53, "dns.test");
	learn(&b);
	assert_int_equal(b.learned.family[SM_FAMILY_NETWORK], 2);
	assert_true(allows_connect(&b, "::1", 80, ""));
	assert_true(allows(&b, &udp));
	finish(&b);
}

static void an_address_that_was_meant_as_such_is_granted_as_such(void **state)
{
	struct sm_value args[2] = { text("10.0.0.7"), number(80) };
	struct sm_event e = event_of("socket.getaddrinfo", args, 2);
	struct bench b;

	(void)state;
	start(&b);
	add(&b, 0, &e);
	see_connect(&b, "10.0.0.7", 80, "a.test");
	see_connect(&b, "10.0.0.8", 80, "b.test");
	learn(&b);
	assert_true(allows_connect(&b, "10.0.0.7", 80, ""));
	assert_false(allows_connect(&b, "10.0.0.8", 80, ""));
	finish(&b);
}

static void who_connects_needs_no_rule_to_look_up(void **state)
{
	struct sm_value args[2] = { text("api.test"), number(443) };
	struct sm_event ask = event_of("socket.getaddrinfo", args, 2);
	struct bench b;

	(void)state;
	start(&b);
	add(&b, 0, &ask);
	see_connect(&b, "93.184.216.34", 443, "api.test");
	learn(&b);
	assert_true(allows(&b, &ask));
	assert_int_equal(b.learned.family[SM_FAMILY_NETWORK], 1);
	args[0] = text("other.test");
	assert_false(allows(&b, &ask));
	finish(&b);
}

static void risky_grants_are_marked_and_strict_drops_them(void **state)
{
	const struct sm_learn_options strict = { .strict = true };
	struct sm_value args[2] = { text("posix"), text("system") };
	struct sm_event e = event_of("pickle.find_class", args, 2);
	struct bench b;

	(void)state;
	for (int is_strict = 0; is_strict < 2; is_strict++) {
		start(&b);
		add(&b, 0, &e);
		if (is_strict)
			learn_with(&b, &strict);
		else
			learn(&b);
		assert_int_equal(allows(&b, &e), !is_strict);
		assert_int_equal(b.learned.reviews, !is_strict);
		assert_int_equal(b.learned.residue_count, is_strict);
		finish(&b);
	}
}

static void code_from_written_files_is_residue(void **state)
{
	const struct sm_learn_options options = { 0 };
	struct bench b;

	(void)state;
	start(&b);
	see_open(&b, 0, APP "/plugin.py", WRITE);
	see_load(&b, APP "/plugin.py");
	learn_with(&b, &options);
	assert_int_equal(b.learned.residue_count, 1);
	finish(&b);
}

static void stopped_events_are_not_learned_from(void **state)
{
	struct sm_value args[3];
	struct sm_event e = open_event(args, "/etc/shadow", READ);
	struct sm_observed o;
	struct bench b;

	(void)state;
	start(&b);
	e.verdict.decision = SM_DENIED;
	add(&b, 0, &e);
	learn(&b);
	assert_false(allows_open(&b, "/etc/shadow", READ));
	sm_observations_count(b.seen, &o);
	assert_int_equal(o.denied, 1);
	finish(&b);
}

static void forged_events_are_not_learned_from(void **state)
{
	struct sm_value args[3];
	struct sm_event e = open_event(args, "/etc/shadow", READ);
	struct sm_observed o;
	struct bench b;
	uint64_t calls;

	(void)state;
	start(&b);
	e.site.kind = SM_EVENT_OTHER;
	e.site.event = SM_STR(SM_EVENT_FORGED "open");
	sm_observations_count(b.seen, &o);
	calls = o.calls;
	add(&b, 0, &e);
	sm_observations_count(b.seen, &o);
	assert_int_equal(o.forged, 1);
	assert_int_equal(o.calls, calls);
	e.site.event = SM_STR("forgedopen");
	add(&b, 0, &e);
	sm_observations_count(b.seen, &o);
	assert_int_equal(o.forged, 1);
	assert_int_equal(o.calls, calls + 1);
	finish(&b);
}

static void strange_bytes_survive(void **state)
{
	static const char *const names[] = {
		APP "/data/a*b.json",	      APP "/data/<int>.json",
		APP "/data/$HOME.json",	      APP "/data/${APP}.json",
		APP "/data/back\\slash.json", APP "/data/new\nline.json",
	};
	struct bench b;

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		start_single(&b);
		see_open(&b, 0, names[i], READ);
		learn(&b);
		assert_true(allows_open(&b, names[i], READ));
		assert_false(allows_open(&b, APP "/data/1.json", READ));
		assert_false(allows_open(&b, APP "/data/axb.json", READ));
		finish(&b);
	}
}

static void nothing_recorded_is_refused(void **state)
{
	const struct sm_learn_options options = { 0 };
	struct sm_observations *o = sm_observations_new();
	struct sm_learned learned;
	struct sm_diag diag = { 0 };

	(void)state;
	assert_int_equal(sm_learn(o, &options, &learned, &diag), SM_INVALID);
	assert_non_null(strstr(diag.text, "nothing was recorded"));
	sm_learned_fini(&learned);
	sm_observations_free(o);
}

/* ---------------------------------------------------------------- estimate */

static struct sm_estimate estimate(struct bench *b)
{
	const struct sm_learn_options options = { 0 };
	struct sm_estimate out;
	struct sm_diag diag = { 0 };

	learn(b);
	assert_int_equal(
		sm_learn_estimate(b->seen, &options, &b->learned, &out, &diag),
		SM_OK);
	return out;
}

static void see_open_at(struct bench *b, int run, const char *path,
			uint64_t second)
{
	struct sm_value args[3];
	struct sm_event e = open_event(args, path, READ);

	e.time_ns = second * 1000000000;
	add(b, run, &e);
}

/* Each run reads the same file; two read one nobody else does. */
static void a_file_of_one_run_only_is_expected_again(void **state)
{
	struct sm_estimate got;
	struct bench b;

	(void)state;
	start(&b);
	for (int run = 0; run < RUNS; run++)
		for (uint64_t s = 0; s < 10; s++)
			see_open_at(&b, run, APP "/conf.ini", s);
	see_open_at(&b, 2, "/etc/only-two", 3);
	see_open_at(&b, 5, "/etc/only-five", 3);
	got = estimate(&b);
	assert_int_equal(got.runs, RUNS);
	assert_int_equal(got.cuts[SM_CUT_RUN].folds, 5);
	/* The one run that loaded the program's code counts, too. */
	assert_int_equal(got.cuts[SM_CUT_RUN].events, RUNS * 10 + 3);
	assert_int_equal(got.cuts[SM_CUT_RUN].family[SM_FAMILY_FILES], 2);
	assert_true(got.cuts[SM_CUT_RUN].rate.bound >
		    got.cuts[SM_CUT_RUN].rate.per_1000);
	assert_true(got.rate.per_1000 >= got.cuts[SM_CUT_RUN].rate.per_1000);
	assert_true(got.family_rate[SM_FAMILY_FILES].bound >
		    got.family_rate[SM_FAMILY_NETWORK].bound);
	assert_true(got.family_rate[SM_FAMILY_NETWORK].per_1000 == 0);
	assert_true(got.family_rate[SM_FAMILY_NETWORK].bound > 0);
	finish(&b);
}

static void what_slots_cover_is_not_expected_to_be_blocked(void **state)
{
	struct sm_estimate got;
	char path[64];
	struct bench b;

	(void)state;
	start(&b);
	for (int run = 0; run < RUNS; run++) {
		see_load(&b, APP "/app.py");
		for (int i = 0; i < 4; i++) {
			snprintf(path, sizeof(path), APP "/data/order-%d.json",
				 run * 4 + i);
			see_open_at(&b, run, path, 1 + (uint64_t)i);
		}
	}
	got = estimate(&b);
	assert_int_equal(got.cuts[SM_CUT_RUN].family[SM_FAMILY_FILES], 0);
	finish(&b);
}

/* Of a sequence of ever new files three quarters do not tell the rest. */
static void what_keeps_changing_shows_in_time(void **state)
{
	struct sm_estimate got;
	char path[64];
	struct bench b;

	(void)state;
	start_single(&b);
	for (uint64_t s = 0; s < 100; s++) {
		see_open_at(&b, 0, APP "/conf.ini", s);
		snprintf(path, sizeof(path), "/etc/part%c%c.conf",
			 (int)('a' + s / 10), (int)('a' + s % 10));
		see_open_at(&b, 0, path, s);
	}
	got = estimate(&b);
	assert_int_equal(got.cuts[SM_CUT_RUN].folds, 0);
	assert_int_equal(got.cuts[SM_CUT_TIME].folds, 1);
	assert_in_range(got.cuts[SM_CUT_TIME].calls, 23, 27);
	assert_true(got.rate.per_1000 > 300);
	assert_in_range(got.singles, 100, 101);
	assert_int_equal(got.since_new_ns, 0);
	finish(&b);
}

static void what_settled_down_is_known(void **state)
{
	struct sm_estimate got;
	struct bench b;

	(void)state;
	start_single(&b);
	for (uint64_t s = 0; s < 1000; s++)
		see_open_at(&b, 0, s % 2 ? APP "/a.ini" : APP "/b.ini", s);
	got = estimate(&b);
	assert_int_equal(got.cuts[SM_CUT_TIME].blocked, 0);
	assert_true(got.rate.bound > 0 && got.rate.bound < 15);
	assert_int_equal(got.since_new_ns, 998000000000);
	finish(&b);
}

static void timelines_do_not_depend_on_order(void **state)
{
	struct sm_timeline a = { 0 }, b = { 0 }, parts[2] = { 0 };

	(void)state;
	for (uint64_t i = 0; i < 1000; i++) {
		uint64_t t = i * 7919 % 1000 * 3600000000000;

		sm_timeline_add(&a, i * 3600000000000, 1);
		sm_timeline_add(&b, t, 1);
		sm_timeline_add(&parts[t % 7 > 3], t, 1);
	}
	sm_timeline_merge(&parts[0], &parts[1]);
	assert_memory_equal(&a, &b, sizeof(a));
	assert_memory_equal(&a, &parts[0], sizeof(a));
	assert_int_equal(sm_timeline_total(&a), 1000);
	assert_int_equal(sm_timeline_before(&a, 0), 0);
	assert_in_range(sm_timeline_before(&a, 500 * 3600000000000), 495, 505);
	assert_int_equal(sm_timeline_before(&a, UINT64_MAX), 1000);
}

/* ------------------------------------------------------------------- merge */

#define MANY 400

static void see_nth(struct bench *b, int i)
{
	char path[128];
	int kind = i % 8, n = i / 8;

	if (kind == 0)
		snprintf(path, sizeof(path), APP "/media/%d.jpg", n);
	else if (kind == 1)
		snprintf(path, sizeof(path), APP "/users/u%dx/p.json", n % 7);
	else if (kind == 2)
		snprintf(path, sizeof(path), APP "/log/%c%c.log", 'a' + n % 5,
			 'a' + n % 3);
	else if (kind == 3)
		snprintf(path, sizeof(path), "/tmp/tmpabcde%03d", n);
	else if (kind == 4)
		snprintf(path, sizeof(path), APP "/static/f%c.css",
			 'a' + n % 2);
	else if (kind == 5)
		snprintf(path, sizeof(path), APP "/up/%c.%s", 'a' + n % 20,
			 n % 3 ? "png" : "gif");
	else if (kind == 6)
		snprintf(path, sizeof(path), "echo w%d", n % 4);
	else
		snprintf(path, sizeof(path), "/etc/x/%d", n % 9);
	if (kind == 6)
		see_system(b, i % RUNS, path);
	else
		see_open(b, i % RUNS, path,
			 kind == 4 || kind == 7 ? READ : WRITE);
}

static char *learn_and_print(struct bench *b)
{
	char *out;

	learn(b);
	out = print(b);
	sm_learned_fini(&b->learned);
	free(b->blob);
	b->blob = NULL;
	return out;
}

static void any_order_and_partition_gives_the_same_bytes(void **state)
{
	struct bench whole, parts[3];
	char *expected, *got;
	unsigned seed = 7;
	int order[MANY];

	(void)state;
	start(&whole);
	for (int i = 0; i < MANY; i++)
		see_nth(&whole, i);
	expected = learn_and_print(&whole);
	for (int round = 0; round < 6; round++) {
		for (int i = 0; i < MANY; i++)
			order[i] = i;
		for (int i = MANY - 1; i > 0; i--) {
			int k = rand_r(&seed) % (i + 1), t = order[i];

			order[i] = order[k];
			order[k] = t;
		}
		for (int p = 0; p < 3; p++)
			start(&parts[p]);
		for (int i = 0; i < MANY; i++)
			see_nth(&parts[rand_r(&seed) % 3], order[i]);
		for (int p = 1; p < 3; p++)
			assert_int_equal(sm_observations_merge(parts[0].seen,
							       parts[p].seen),
					 SM_OK);
		/* Merging a set with itself changes nothing. */
		assert_int_equal(
			sm_observations_merge(parts[0].seen, parts[0].seen),
			SM_OK);
		got = learn_and_print(&parts[0]);
		assert_string_equal(got, expected);
		free(got);
		for (int p = 0; p < 3; p++)
			finish(&parts[p]);
	}
	free(expected);
	finish(&whole);
}

static void sketches_do_not_depend_on_order(void **state)
{
	struct sm_sketch a = { 0 }, b = { 0 };

	(void)state;
	for (uint64_t i = 0; i < 50; i++) {
		sm_sketch_add(&a, i * 7919 % 53);
		sm_sketch_add(&b, (49 - i) * 7919 % 53);
		sm_sketch_add(&b, (49 - i) * 7919 % 53);
	}
	assert_int_equal(a.count, SM_SKETCH_MAX);
	assert_true(sm_sketch_equal(&a, &b));
}

/* -------------------------------------------------------------- allocation */

/* Counts down to the allocation that fails; 0: none does. */
static int until_failure;
static bool has_failed;

#ifndef __SANITIZE_ADDRESS__
static bool fails(void)
{
	if (!until_failure || --until_failure)
		return false;
	has_failed = true;
	return true;
}

void *__libc_calloc(size_t count, size_t bytes);
void *__libc_malloc(size_t bytes);
void *__libc_realloc(void *p, size_t bytes);

__attribute__((visibility("default"))) void *calloc(size_t count, size_t bytes)
{
	return fails() ? NULL : __libc_calloc(count, bytes);
}

__attribute__((visibility("default"))) void *malloc(size_t bytes)
{
	return fails() ? NULL : __libc_malloc(bytes);
}

__attribute__((visibility("default"))) void *realloc(void *p, size_t bytes)
{
	return fails() ? NULL : __libc_realloc(p, bytes);
}
#endif

static void any_allocation_may_fail(void **state)
{
	const struct sm_learn_options options = { 0 };
	struct sm_learned learned;
	struct sm_diag diag;
	enum sm_status status;
	struct bench b;
	int n = 0;

	(void)state;
	start(&b);
	for (int i = 0; i < 40; i++)
		see_nth(&b, i);
	do {
		until_failure = ++n;
		has_failed = false;
		status = sm_learn(b.seen, &options, &learned, &diag);
		until_failure = 0;
		if (has_failed && status != SM_OK)
			assert_null(learned.rules);
		else
			assert_int_equal(status, SM_OK);
		sm_learned_fini(&learned);
	} while (has_failed);
	finish(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(arguments_open_by_type_and_options_stay),
		cmocka_unit_test(paths_in_arguments_take_the_slots_of_files),
		cmocka_unit_test(numbers_attached_to_options_open),
		cmocka_unit_test(names_of_owners_are_arguments),
		cmocka_unit_test(lists_of_files_may_be_longer),
		cmocka_unit_test(names_of_owners_are_no_subcommands),
		cmocka_unit_test(subcommands_stay_apart),
		cmocka_unit_test(shell_lines_open_word_by_word),
		cmocka_unit_test(one_shell_line_stays_literal),
		cmocka_unit_test(
			distributions_are_granted_whole_and_modules_by_name),
		cmocka_unit_test(
			two_addresses_stay_literal_and_three_private_make_a_network),
		cmocka_unit_test(
			a_block_of_public_addresses_holds_no_more_than_them),
		cmocka_unit_test(no_block_holds_loopback_or_metadata),
		cmocka_unit_test(a_connection_is_granted_by_its_names),
		cmocka_unit_test(
			a_name_given_to_the_socket_is_granted_where_it_led),
		cmocka_unit_test(
			what_adds_nothing_to_a_name_s_rule_is_left_out),
		cmocka_unit_test(
			an_address_that_was_meant_as_such_is_granted_as_such),
		cmocka_unit_test(who_connects_needs_no_rule_to_look_up),
		cmocka_unit_test(risky_grants_are_marked_and_strict_drops_them),
		cmocka_unit_test(code_from_written_files_is_residue),
		cmocka_unit_test(stopped_events_are_not_learned_from),
		cmocka_unit_test(forged_events_are_not_learned_from),
		cmocka_unit_test(strange_bytes_survive),
		cmocka_unit_test(nothing_recorded_is_refused),
		cmocka_unit_test(a_file_of_one_run_only_is_expected_again),
		cmocka_unit_test(
			what_slots_cover_is_not_expected_to_be_blocked),
		cmocka_unit_test(what_keeps_changing_shows_in_time),
		cmocka_unit_test(what_settled_down_is_known),
		cmocka_unit_test(timelines_do_not_depend_on_order),
		cmocka_unit_test(any_order_and_partition_gives_the_same_bytes),
		cmocka_unit_test(sketches_do_not_depend_on_order),
		cmocka_unit_test(any_allocation_may_fail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
