/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_named.c: what a command line names, and where it was given.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "schema/named.h"
#include "schema/path.h"

#define WORDS_MAX 24

struct command_row {
	const char *exe;
	const char *line;  /* words, separated by a bar */
	const char *named; /* paths, separated by a space */
};

static const struct command_row commands[] = {
	{ "/usr/bin/python3", "python3|/usr/bin/borg|create|repo::monday|src",
	  "/jobs/create /jobs/repo /jobs/src" },
	{ "/usr/bin/python3.11", "python3|-m|mkdocs|build|-d|out",
	  "/jobs/build /jobs/out" },
	{ "/usr/bin/python3", "python3|-Im|mkdocs|out", "/jobs/out" },
	{ "/usr/bin/python3", "python3|-c|open(1)|/srv/in", "/srv/in" },
	{ "/usr/bin/python3", "python3|-W|error|-X|dev|tool.py|x", "/jobs/x" },
	{ "/usr/bin/python3",
	  "python3|--check-hash-based-pycs|always|tool.py|x", "/jobs/x" },
	{ "/usr/bin/python3", "python3|-bb|-|x", "/jobs/x" },
	{ "/usr/bin/python3", "python3|--|tool.py|x", "/jobs/x" },
	{ "/usr/bin/python3", "python3", "" },
	{ "/usr/bin/uwsgi", "uwsgi|app.ini", "/jobs/app.ini" },
	{ "/opt/tool", "tool|--out=a/../b|--quiet|-o|c|if=/srv/d|n=1|-v=",
	  "/jobs/b /jobs/c /srv/d" },
	{ "/opt/tool", "tool|https://host/x|~/y|a b|x\ny||.|..|x|x",
	  "/jobs/a b /jobs /jobs/x" },
	/* places that are not the caller's to name */
	{ "/opt/tool",
	  "tool|/|/etc|/etc/passwd|/usr/share/x|/proc/1/mem|/dev/sda", "" },
	{ "/opt/tool", "tool|/home|/home/u|/home/v/x|/root/x|/home/u/x",
	  "/home/u/x" },
	{ "/opt/tool", "tool|/tmp|/var|/var/lib|/var/spool/cron/x|/srv|/srv/x",
	  "/srv/x" },
	{ "/opt/tool", "tool|/home/u/.ssh|/srv/.git/config|.env|/srv/a.d",
	  "/srv/a.d" },
	{ "/opt/tool", "tool|key.pem|/srv/id_rsa|--cert=/srv/x.key|k.txt",
	  "/jobs/k.txt" },
};

static struct sm_named_store take(const struct command_row *row)
{
	struct sm_str argv[WORDS_MAX];
	struct sm_command command = { .exe = sm_str_of(row->exe),
				      .argv = argv,
				      .cwd = SM_STR("/jobs"),
				      .home = SM_STR("/home/u") };
	struct sm_named_store store = { 0 };
	const char *at = row->line, *end;

	do {
		end = strchr(at, '|');
		assert_true(command.argc < WORDS_MAX);
		argv[command.argc++] =
			(struct sm_str){ at, end ? (uint32_t)(end - at)
						 : (uint32_t)strlen(at) };
		at = end ? end + 1 : NULL;
	} while (at);
	sm_named_take(&command, &store);
	return store;
}

static void a_command_names_its_paths_and_no_protected_ones(void **state)
{
	size_t i, count = sizeof(commands) / sizeof(*commands);

	(void)state;
	for (i = 0; i < count; i++) {
		struct sm_named_store store = take(&commands[i]);
		char text[1024] = "";

		for (uint32_t k = 0; k < store.named.count; k++)
			snprintf(text + strlen(text),
				 sizeof(text) - strlen(text), "%s%.*s",
				 k ? " " : "", (int)store.named.paths[k].len,
				 store.named.paths[k].p);
		if (strcmp(text, commands[i].named))
			fail_msg("%s names %s, not %s", commands[i].line, text,
				 commands[i].named);
	}
	assert_int_equal(i, 17);
}

static struct sm_str lead_to(struct sm_str path, char *out)
{
	const char *there = sm_str_equal(path, SM_STR("/jobs/link")) ? "/srv/x"
			    : sm_str_equal(path, SM_STR("/jobs/evil"))
				    ? "/etc/cron.d"
				    : "";

	memcpy(out, there, strlen(there));
	return (struct sm_str){ out, (uint32_t)strlen(there) };
}

static void a_link_names_where_it_leads_or_nothing(void **state)
{
	const struct sm_str argv[] = { SM_STR("tool"), SM_STR("link"),
				       SM_STR("evil"), SM_STR("new") };
	const struct sm_command command = { .exe = SM_STR("/opt/tool"),
					    .argv = argv,
					    .argc = 4,
					    .cwd = SM_STR("/jobs"),
					    .resolve = lead_to };
	struct sm_named_store store;

	(void)state;
	sm_named_take(&command, &store);
	assert_int_equal(store.named.count, 3);
	assert_true(sm_str_equal(store.named.paths[0], SM_STR("/srv/x")));
	assert_true(sm_str_equal(store.named.paths[1], SM_STR("/jobs/link")));
	assert_true(sm_str_equal(store.named.paths[2], SM_STR("/jobs/new")));
}

static void what_does_not_fit_is_left_out(void **state)
{
	static char words[SM_NAMED_MAX + 2][16];
	struct sm_str argv[SM_NAMED_MAX + 2] = { SM_STR("tool") };
	char longer[3000];
	struct sm_command command = { .exe = SM_STR("/opt/tool"),
				      .argv = argv,
				      .argc = SM_NAMED_MAX + 2,
				      .cwd = SM_STR("/jobs") };
	struct sm_named_store store;

	(void)state;
	for (int i = 1; i < SM_NAMED_MAX + 2; i++) {
		snprintf(words[i], sizeof(words[i]), "w%d", i);
		argv[i] = sm_str_of(words[i]);
	}
	sm_named_take(&command, &store);
	assert_int_equal(store.named.count, SM_NAMED_MAX);
	memset(longer, 'x', sizeof(longer));
	argv[1] = argv[3] = (struct sm_str){ longer, sizeof(longer) };
	argv[2] = (struct sm_str){ longer, sizeof(longer) - 1 };
	command.argc = 5;
	sm_named_take(&command, &store);
	assert_int_equal(store.named.count, 2);
	assert_int_equal(store.named.paths[0].len, sizeof(longer) + 6);
	assert_true(sm_str_equal(store.named.paths[1], SM_STR("/jobs/w4")));
}

static void where_it_was_given_is_told_if_it_is_open(void **state)
{
	static const char *const closed[] = {
		"/",	     "/tmp",	 "/etc/x",    "/usr/lib",
		"/home",     "/home/u",	 "/home/v/x", "/srv",
		"/srv/.git", "relative", "/srv/x/",   ""
	};
	const struct sm_str argv[] = { SM_STR("tool"), SM_STR(".") };
	struct sm_command command = { .exe = SM_STR("/opt/tool"),
				      .argv = argv,
				      .argc = 2,
				      .cwd = SM_STR("/jobs"),
				      .home = SM_STR("/home/u") };
	struct sm_named_store store;

	(void)state;
	for (size_t i = 0; i < sizeof(closed) / sizeof(*closed); i++) {
		command.start = sm_str_of(closed[i]);
		sm_named_take(&command, &store);
		assert_int_equal(sm_named_start(&store.named).len, 0);
		assert_int_equal(store.named.count, 1);
	}
	command.start = SM_STR("/home/u/site");
	sm_named_take(&command, &store);
	assert_int_equal(store.named.count, 2);
	assert_true(
		sm_str_equal(store.named.paths[0], SM_STR("/home/u/site/.")));
	assert_true(sm_str_equal(sm_named_start(&store.named), command.start));
	/* It was not named by a word. */
	assert_int_equal(sm_named_find(&store.named, command.start), -1);
	assert_int_equal(sm_named_start(NULL).len, 0);
	assert_true(sm_named_is_valid(SM_STR("/srv/x")));
	assert_true(sm_named_is_valid(SM_STR("/srv/x/.")));
	assert_false(sm_named_is_valid(SM_STR("/srv/x/./.")));
	assert_false(sm_named_is_valid(SM_STR("srv/.")));
	assert_false(sm_named_is_valid(SM_STR("/srv/../.")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			a_command_names_its_paths_and_no_protected_ones),
		cmocka_unit_test(a_link_names_where_it_leads_or_nothing),
		cmocka_unit_test(what_does_not_fit_is_left_out),
		cmocka_unit_test(where_it_was_given_is_told_if_it_is_open),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
