/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tools/events_filter.h"
#include "tools/events_format.h"

/* -------------------------------------------------------------- fixtures */

static const struct sm_clock clock_of_1000s = {
	.origin_ns = 1000000000000,
	.monotonic_ns = 1000000000000,
	.realtime_ns = 1700000000000000000, /* 2023-11-14T22:13:20Z */
};

static struct sm_value text(const char *s)
{
	uint32_t n = (uint32_t)strlen(s);

	return (struct sm_value){
		.type = SM_TEXT, .len = n, .full_len = n, .s = s
	};
}

struct example {
	struct sm_value args[3];
	struct sm_event event;
};

static void make(struct example *e, const char *name, const char *first)
{
	*e = (struct example){
		.args = { text(first), text("r"), { .type = SM_INT, .i = 0 } }
	};
	e->event = (struct sm_event){
		.seq = 1,
		.time_ns = 1001500000000,
		.process = 1,
		.thread = 7,
		.argc = 3,
		.args = e->args,
		.site = { .kind = sm_catalogue_find(sm_str_of(name)),
			  .event = sm_str_of(name),
			  .file = SM_STR("/srv/app.py"),
			  .function = SM_STR("view"),
			  .line = 12,
			  .principal = { .kind = SM_PRINCIPAL_APP,
					 .name = SM_STR("app"),
					 .file = SM_STR("/srv/app.py") } },
	};
}

/* Whether a filter made by set wants the event. */
static bool wants(struct event_filter *filter, const struct example *e)
{
	struct sm_trace_query query;
	struct sm_diag diag;
	bool wanted;

	assert_int_equal(
		sm_filter_prepare(filter, NULL, &clock_of_1000s, &query, &diag),
		SM_OK);
	wanted = sm_filter_wants(filter, NULL, &e->event, 3, 99);
	/* The same again, from memory. */
	assert_int_equal(sm_filter_wants(filter, NULL, &e->event, 3, 99),
			 wanted);
	/* The query must not hide what is wanted. */
	if (wanted && query.kinds)
		assert_true(query.kinds[e->event.site.kind]);
	sm_filter_fini(filter);
	return wanted;
}

static bool wants_event(const char *value, const char *name)
{
	struct event_filter *filter = calloc(1, sizeof(*filter));
	struct sm_diag diag;
	struct example e;
	bool wanted;

	make(&e, name, "/etc/passwd");
	assert_int_equal(sm_filter_add_events(filter, value, &diag), SM_OK);
	wanted = wants(filter, &e);
	free(filter);
	return wanted;
}

static bool wants_path(const char *glob, const char *name, const char *path)
{
	struct event_filter *filter = calloc(1, sizeof(*filter));
	struct sm_diag diag;
	struct example e;
	bool wanted;

	make(&e, name, path);
	assert_int_equal(sm_filter_add_path(filter, glob, &diag), SM_OK);
	wanted = wants(filter, &e);
	free(filter);
	return wanted;
}

/* ------------------------------------------------------------------ globs */

static void globs_match_as_documented(void **state)
{
	static const struct {
		const char *glob, *text;
		bool matches;
	} cases[] = {
		{ "", "", true },
		{ "", "a", false },
		{ "*", "", true },
		{ "*", "a/b", true },
		{ "a*c", "abc", true },
		{ "a*c", "ac", true },
		{ "a*c", "abd", false },
		{ "a?c", "abc", true },
		{ "a?c", "ac", false },
		{ "os.*", "os.open", true },
		{ "os.*", "osxopen", false },
		{ "**", "x", true },
		{ "*a*b*c", "xxaxxbxxc", true },
		{ "*ab", "aab", true },
		{ "\\*", "*", true },
		{ "\\*", "a", false },
		{ "a\\?", "a?", true },
		{ "\\", "\\", true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_int_equal(sm_glob_match(sm_str_of(cases[i].glob),
					       sm_str_of(cases[i].text)),
				 cases[i].matches);
}

static void hostile_globs_take_bounded_time(void **state)
{
	char name[4097], glob[65];

	(void)state;
	memset(name, 'a', sizeof(name) - 1);
	name[sizeof(name) - 1] = 0;
	for (size_t i = 0; i + 1 < sizeof(glob); i += 2)
		memcpy(glob + i, "*a", 2);
	glob[sizeof(glob) - 1] = 0;
	assert_true(sm_glob_match(sm_str_of(glob), sm_str_of(name)));
	glob[sizeof(glob) - 2] = 'b';
	assert_false(sm_glob_match(sm_str_of(glob), sm_str_of(name)));
}

/* ---------------------------------------------------------------- filters */

static void events_are_chosen_by_glob_family_and_negation(void **state)
{
	(void)state;
	assert_true(wants_event("open", "open"));
	assert_true(wants_event("import,op*", "open"));
	assert_false(wants_event("os.*", "open"));
	assert_true(wants_event("shop.*", "shop.refund"));
	assert_false(wants_event("!open,import", "open"));
	assert_false(wants_event("!open,import", "import"));
	assert_true(wants_event("!open,import", "os.listdir"));
	assert_true(wants_event("%files", "open"));
	assert_false(wants_event("%network", "open"));
	assert_false(wants_event("!%files", "open"));
	assert_true(wants_event("!%network", "open"));
	assert_true(wants_event("%network,open", "open"));
}

static void paths_are_chosen_by_glob_and_directory(void **state)
{
	(void)state;
	assert_true(wants_path("/etc/passwd", "open", "/etc/passwd"));
	assert_true(wants_path("/etc", "open", "/etc/passwd"));
	assert_true(wants_path("/etc/", "open", "/etc/passwd"));
	assert_true(wants_path("/", "open", "/etc/passwd"));
	assert_false(wants_path("/et", "open", "/etc/passwd"));
	assert_true(wants_path("*pass*", "open", "/etc/passwd"));
	assert_false(wants_path("/etc/shadow", "open", "/etc/passwd"));
	/* Asks for nothing: found by its arguments. */
	assert_true(wants_path("/etc", "glob.glob", "/etc/passwd"));
}

static void what_a_shadow_policy_said_is_chosen(void **state)
{
	static const struct {
		const char *wanted;
		enum sm_decision is, would;
		bool result;
	} cases[] = {
		{ "denied", SM_ALLOWED, SM_DENIED, true },
		{ "denied", SM_DENIED, SM_ALLOWED, false },
		{ "allowed,warned", SM_DENIED, SM_ALLOWED, true },
		{ "differs", SM_ALLOWED, SM_DENIED, true },
		{ "differs", SM_DENIED, SM_ALLOWED, true },
		{ "differs", SM_WARNED, SM_DENIED, true },
		{ "differs", SM_DENIED, SM_DENIED, false },
		{ "differs,denied", SM_DENIED, SM_DENIED, true },
		/* no shadow policy */
		{ "differs", SM_DENIED, SM_UNDECIDED, false },
		{ "undecided", SM_DENIED, SM_UNDECIDED, true },
	};
	struct event_filter *filter = calloc(1, sizeof(*filter));
	struct sm_diag diag;
	struct example e;

	(void)state;
	make(&e, "open", "/etc/passwd");
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		memset(filter, 0, sizeof(*filter));
		e.event.verdict.decision = cases[i].is;
		e.event.shadow.decision = cases[i].would;
		assert_int_equal(
			sm_filter_add_shadow(filter, cases[i].wanted, &diag),
			SM_OK);
		assert_int_equal(wants(filter, &e), cases[i].result);
	}
	free(filter);
}

static void times_bound_what_is_wanted(void **state)
{
	static const struct {
		const char *since, *until;
		bool wanted;
	} cases[] = {
		{ "1.5", NULL, true },
		{ "+1.6", NULL, false },
		{ NULL, "1.4", false },
		{ NULL, "1.5", true },
		{ "2023-11-14T22:13:21Z", "2023-11-14T22:13:21.5Z", true },
		{ "2023-11-14T22:13:22Z", NULL, false },
		{ "2023-11-15T00:13:21+02:00", NULL, true },
		{ "2023-11-15T00:13:22+0200", NULL, false },
	};
	struct event_filter *filter = calloc(1, sizeof(*filter));
	struct example e;

	(void)state;
	make(&e, "open", "/etc/passwd"); /* at +1.5 s */
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		memset(filter, 0, sizeof(*filter));
		filter->since = cases[i].since;
		filter->until = cases[i].until;
		assert_int_equal(wants(filter, &e), cases[i].wanted);
	}
	free(filter);
}

static void nonsense_is_refused_with_a_remedy(void **state)
{
	struct event_filter *f = calloc(1, sizeof(*f));
	struct sm_trace_query query;
	struct sm_diag diag;

	(void)state;
	assert_int_equal(sm_filter_add_events(f, "%disks", &diag), SM_INVALID);
	assert_non_null(strstr(diag.text, "%files"));
	assert_int_equal(sm_filter_add_events(f, "!", &diag), SM_INVALID);
	assert_int_equal(sm_filter_add_via(f, "sideways", &diag), SM_INVALID);
	assert_non_null(strstr(diag.text, "traceback"));
	assert_int_equal(sm_filter_add_verdict(f, "maybe", &diag), SM_INVALID);
	assert_int_equal(sm_filter_add_verdict(f, "differs", &diag),
			 SM_INVALID);
	assert_int_equal(sm_filter_add_shadow(f, "maybe", &diag), SM_INVALID);
	assert_non_null(strstr(diag.text, "differs"));
	assert_int_equal(sm_filter_add_pid(f, "12x", &diag), SM_INVALID);
	assert_int_equal(sm_filter_add_pid(f, "0", &diag), SM_INVALID);
	f->since = "yesterday";
	assert_int_equal(
		sm_filter_prepare(f, NULL, &clock_of_1000s, &query, &diag),
		SM_INVALID);
	assert_non_null(strstr(diag.text, "2026-11-21T09:10:01Z"));
	free(f);
}

static void lists_stop_at_their_bound(void **state)
{
	struct event_filter *f = calloc(1, sizeof(*f));
	struct sm_diag diag;

	(void)state;
	for (int i = 0; i < FILTER_WORDS_MAX; i++)
		assert_int_equal(sm_filter_add_path(f, "/x", &diag), SM_OK);
	assert_int_equal(sm_filter_add_path(f, "/x", &diag), SM_LIMIT);
	free(f);
}

static void a_needle_is_in_every_path_the_glob_matches(void **state)
{
	static const struct {
		const char *glob, *needle;
	} cases[] = {
		{ "/srv/app/module.py", "module" },
		{ "/srv/*/x", "srv" },
		{ "*.py", "" },
		{ "api.example.com:443", "" },
		{ "/a.long-suffix/bc", "bc" },
		{ "/", "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct event_filter *f = calloc(1, sizeof(*f));
		struct sm_trace_query query;
		struct sm_diag diag;

		assert_int_equal(sm_filter_add_path(f, cases[i].glob, &diag),
				 SM_OK);
		assert_int_equal(sm_filter_prepare(f, NULL, &clock_of_1000s,
						   &query, &diag),
				 SM_OK);
		assert_true(sm_str_equal(query.contains,
					 sm_str_of(cases[i].needle)));
		sm_filter_fini(f);
		free(f);
	}
}

/* ------------------------------------------------------------------ format */

static void hostile_arguments_are_inert_in_json(void **state)
{
	struct example e;
	char *shown = NULL;
	size_t bytes = 0;
	FILE *out = open_memstream(&shown, &bytes);

	(void)state;
	make(&e, "open", "/tmp/\x1b]0;owned\a\n\xe2\x80\xaex");
	sm_event_put_args(&(struct sm_json){ .out = out }, NULL, &e.event);
	fclose(out);
	assert_null(strchr(shown, '\x1b'));
	assert_null(strchr(shown, '\a'));
	assert_null(strstr(shown, "\xe2\x80\xae"));
	assert_non_null(strstr(shown, "\\u001b]0;owned\\u0007\\n\\u202ex"));
	free(shown);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(globs_match_as_documented),
		cmocka_unit_test(hostile_globs_take_bounded_time),
		cmocka_unit_test(events_are_chosen_by_glob_family_and_negation),
		cmocka_unit_test(paths_are_chosen_by_glob_and_directory),
		cmocka_unit_test(what_a_shadow_policy_said_is_chosen),
		cmocka_unit_test(times_bound_what_is_wanted),
		cmocka_unit_test(nonsense_is_refused_with_a_remedy),
		cmocka_unit_test(lists_stop_at_their_bound),
		cmocka_unit_test(a_needle_is_in_every_path_the_glob_matches),
		cmocka_unit_test(hostile_arguments_are_inert_in_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
