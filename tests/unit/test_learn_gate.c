/* SPDX-License-Identifier: Apache-2.0 */
/* The round trip: what was recorded wins over what was opened. */
#include "tests/unit/learn_fixture.h"

#include "schema/request.h"
#include "schema/shell.h"

#define T APP "/templates/"

/* Code is compiled from path and run, as template engines do. */
static void see_compiled(struct bench *b, const char *path)
{
	see_run(b, path, "engine");
}

static bool runs_compiled(const struct bench *b, const char *path)
{
	return allows_run(b, path, "engine");
}

static void a_slot_gives_way_to_code_among_its_names(void **state)
{
	static const char *const pages[] = { T "one.html", T "two.html",
					     T "three.html" };

	(void)state;
	for (int runs = 0; runs < 2; runs++) {
		struct bench b;

		start(&b);
		for (int i = 0; i < 3; i++)
			see_open(&b, i, pages[i], WRITE);
		if (runs)
			see_compiled(&b, T "base.html");
		learn(&b); /* without residue */
		for (int i = 0; i < 3; i++)
			assert_true(allows_open(&b, pages[i], WRITE));
		assert_int_equal(allows_open(&b, T "four.html", WRITE), !runs);
		assert_int_equal(runs_compiled(&b, T "base.html"), runs);
		finish(&b);
	}
}

/* Of a tree, what does not hold the code stays open. */
static void a_tree_gives_way_to_slots_by_extension(void **state)
{
	static const char *const kinds[] = { "json", "log", "html" };
	char path[100];
	struct bench b;

	(void)state;
	start(&b);
	for (int i = 0; i < 24; i++) {
		snprintf(path, sizeof(path), APP "/out/%c%d/x%d/f%c%d.%s",
			 'a' + i / 5, i, i, 'k' + i % 7, i, kinds[i % 3]);
		see_open(&b, i % RUNS, path, WRITE);
	}
	for (int i = 0; i < 4; i++) {
		snprintf(path, sizeof(path), APP "/out/all/%c.json", 'p' + i);
		see_open(&b, i, path, WRITE);
	}
	see_compiled(&b, APP "/out/all/page.html");
	learn(&b);
	assert_true(runs_compiled(&b, APP "/out/all/page.html"));
	assert_true(allows_open(&b, APP "/out/all/p.json", WRITE));
	assert_true(allows_open(&b, APP "/out/all/new.json", WRITE));
	assert_false(allows_open(&b, APP "/out/all/page.html", WRITE));
	finish(&b);
}

#define P APP "/pages"

static void see_pages(struct bench *b, int run)
{
	static const char *const files[] = { "/one.html", "/top.md",
					     "/a/x.png",  "/a/y.md",
					     "/b/z.csv",  "/b/notes.rst" };
	static const char *const dirs[] = { "", "/a", "/b" };
	char path[100];

	for (int i = 0; i < 3; i++) {
		snprintf(path, sizeof(path), P "%s", dirs[i]);
		see_list(b, run, path);
	}
	for (int i = 0; i < 6; i++) {
		snprintf(path, sizeof(path), P "%s", files[i]);
		see_open(b, run, path, READ);
	}
	snprintf(path, sizeof(path), P "/a/new-%c.md", 'p' + run);
	see_open(b, run, path, WRITE);
}

/* Only writing to it would make code. */
static void who_walks_pages_that_are_run_goes_on_looking(void **state)
{
	(void)state;
	for (int source = 0; source < 2; source++) {
		struct bench b;

		start(&b);
		for (int run = 0; run < 3; run++)
			see_pages(&b, run);
		see_compiled(&b, P "/one.html");
		if (source)
			see_load(&b, P "/b/plugin.py");
		learn(&b); /* without residue */
		assert_true(runs_compiled(&b, P "/one.html"));
		assert_int_equal(allows_list(&b, P "/c"), !source);
		assert_int_equal(allows_open(&b, P "/c/q.ods", READ), !source);
		assert_true(allows_open(&b, P "/a/new-x.md", WRITE));
		assert_false(allows_open(&b, P "/c/q.ods", WRITE));
		assert_false(allows_open(&b, P "/two.html", WRITE));
		finish(&b);
	}
}

static void a_bundle_gives_way_to_code_among_its_names(void **state)
{
	(void)state;
	for (int runs = 0; runs < 2; runs++) {
		struct bench b;

		start(&b);
		see_open(&b, 0, "/tmp/tmpab12cd34.html", WRITE);
		if (runs)
			see_compiled(&b, "/tmp/tmpzz98xx76.html");
		learn(&b);
		assert_true(allows_open(&b, "/tmp/tmpab12cd34.html", WRITE));
		assert_int_equal(runs_compiled(&b, "/tmp/tmpzz98xx76.html"),
				 runs);
		finish(&b);
	}
}

static struct sm_event loaded_event(struct sm_value args[1], const char *path)
{
	struct sm_event e;

	args[0] = text(path);
	e = event_of("secmgr.loaded", args, 1);
	e.site.principal = (struct sm_principal){ .kind = SM_PRINCIPAL_FOREIGN,
						  .name = SM_STR("foreign"),
						  .file = SM_STR("") };
	return e;
}

/* Native code needs no rule for it, nor is one made. */
static void a_slot_gives_way_to_libraries_among_its_names(void **state)
{
	static const char *const written[] = { T "one.bin", T "two.bin",
					       T "three.bin" };

	(void)state;
	for (int loads = 0; loads < 2; loads++) {
		struct sm_value args[1];
		struct sm_event e = loaded_event(args, T "plugin.bin");
		struct sm_verdict v;
		struct bench b;

		start(&b);
		for (int i = 0; i < 3; i++)
			see_open(&b, i, written[i], WRITE);
		if (loads)
			add(&b, 0, &e);
		learn(&b); /* without residue */
		for (int i = 0; i < 3; i++)
			assert_true(allows_open(&b, written[i], WRITE));
		assert_int_equal(allows_open(&b, T "four.bin", WRITE), !loads);
		sm_policy_decide(&b.policy, &e, &v);
		assert_int_equal(v.decision, loads ? SM_UNDECIDED : SM_DENIED);
		e.site.event = SM_STR("ctypes.dlopen");
		e.site.kind = SM_EVENT_CTYPES_DLOPEN;
		assert_false(allows(&b, &e));
		finish(&b);
	}
}

/* No rule grants both; the rest stays open. */
static void code_the_program_wrote_itself_is_listed(void **state)
{
	const struct sm_learn_options options = { 0 };
	struct bench b;

	(void)state;
	start(&b);
	see_open(&b, 0, T "one.html", WRITE);
	see_open(&b, 1, T "two.html", WRITE);
	see_open(&b, 2, T "three.html", WRITE);
	see_compiled(&b, T "one.html");
	learn_with(&b, &options);
	assert_int_equal(b.learned.residue_count, 1);
	assert_false(runs_compiled(&b, T "one.html"));
	assert_true(allows_open(&b, T "four.html", WRITE));
	finish(&b);
}

/* ------------------------------------------------------------------- random */

static uint32_t random_state = 20261121;

static uint32_t draw(uint32_t below)
{
	random_state = random_state * 1664525 + 1013904223;
	return (random_state >> 8) % below;
}

#define PICK(list) list[draw(sizeof(list) / sizeof(*(list)))]

/* What patterns, shells and lists could take for something of theirs. */
static const char *draw_word(char *out, size_t room)
{
	static const char *const words[] = {
		"a",
		"b",
		"data",
		"x y",
		"1",
		"2026",
		"<name>",
		"<class>",
		"*",
		"**",
		"${APP}",
		"$HOME",
		"a\\b",
		"'q'",
		"\"",
		"-n",
		"--o=v",
		"\xc3\xa9",
		"\xff\xfe",
		"a:b",
		"a;b",
		"a|b",
		"<int>",
		"deadbeef1",
		"tmpab12cd34",
		".env",
		"id_rsa",
		"<path:/a>",
		"<tree>",
		"a\nb",
		"..x",
		"<option:a|b>",
		"2026-11-21",
		"\xe2\x80\xae",
		"e3b0c442-98fc-1c14-9afb-f4c8996fb924"
	};
	static const char *const ends[] = { "",	     "",      ".html", ".py",
					    ".json", ".so.1", ".pth",  ".d" };

	snprintf(out, room, "%s%s", PICK(words), PICK(ends));
	return out;
}

struct drawn {
	char text[8][300];
	struct sm_value args[24];
	struct sm_event event;
};

static void draw_path(char *out, size_t room)
{
	static const char *const roots[] = {
		APP,
		"/srv/shop/media",
		"/tmp",
		"/etc",
		"/usr/lib/python3.11",
		"/home/shop",
		"/proc/self",
		"/var/lib/x",
		"",
		"/srv/venv/lib/python3.11/site-packages/maker"
	};
	size_t n = (size_t)snprintf(out, room, "%s", PICK(roots));
	char word[100];

	for (uint32_t i = draw(3) + 1; i > 0 && n < room; i--)
		n += (size_t)snprintf(out + n, room - n, "/%s",
				      draw_word(word, sizeof(word)));
}

static void draw_words(struct drawn *d, const char **argv)
{
	uint32_t n = draw(5) + 1;

	argv[0] = "/usr/bin/tool";
	for (uint32_t i = 1; i < n; i++) {
		if (draw(3))
			argv[i] = draw_word(d->text[i], sizeof(d->text[i]));
		else
			draw_path(d->text[i], sizeof(d->text[i])),
				argv[i] = d->text[i];
	}
	argv[n] = NULL;
}

static void draw_principal(struct drawn *d)
{
	static const struct sm_principal who[] = {
		{ .kind = SM_PRINCIPAL_APP,
		  .name = SM_STR("app"),
		  .file = SM_STR(APP "/app.py") },
		{ .kind = SM_PRINCIPAL_APP,
		  .name = SM_STR("app"),
		  .file = SM_STR(APP "/media/b.py") },
		{ .kind = SM_PRINCIPAL_DISTRIBUTION,
		  .name = SM_STR("maker"),
		  .file = SM_STR("") },
		{ .kind = SM_PRINCIPAL_DISTRIBUTION,
		  .name = SM_STR("engine"),
		  .file = SM_STR("") },
		{ .kind = SM_PRINCIPAL_PYTHON,
		  .name = SM_STR("python"),
		  .file = SM_STR("") },
		{ .kind = SM_PRINCIPAL_MAIN,
		  .name = SM_STR("main"),
		  .file = SM_STR("") },
		{ .kind = SM_PRINCIPAL_FOREIGN,
		  .name = SM_STR("foreign"),
		  .file = SM_STR("") },
		{ .kind = SM_PRINCIPAL_DYNAMIC,
		  .name = SM_STR("<string>"),
		  .file = SM_STR(APP "/app.py") },
	};

	d->event.site.principal = PICK(who);
}

static void draw_event(struct drawn *d)
{
	static const int flags[] = { READ, WRITE, O_RDWR, O_WRONLY | O_APPEND };
	static const enum sm_via ways[] = { SM_VIA_DIRECT, SM_VIA_DIRECT,
					    SM_VIA_IMPORT, SM_VIA_TRACEBACK,
					    SM_VIA_EXEC };
	const char *argv[8];

	memset(d, 0, sizeof(*d));
	switch (draw(10)) {
	case 0:
		draw_path(d->text[0], 200);
		d->event = mkdir_event(d->args, d->text[0]);
		break;
	case 1:
		draw_words(d, argv);
		d->event = popen_event(d->args, argv);
		break;
	case 2:
		snprintf(d->text[0], 300, "tool %s > %s",
			 draw_word(d->text[1], 100),
			 draw_word(d->text[2], 100));
		d->event = system_event(d->args, d->text[0]);
		break;
	case 3:
		draw_path(d->text[0], 200);
		d->event = run_event(d->args, d->text[0], "engine");
		break;
	case 4:
		snprintf(d->text[0], 300, "<%s>", draw_word(d->text[1], 100));
		d->event = run_event(d->args, d->text[0], "engine");
		break;
	case 5:
		d->args[0] = text(draw(2) ? "maker.core" : "os");
		d->args[1] = text(draw_word(d->text[1], 100));
		d->event = event_of("pickle.find_class", d->args, 2);
		break;
	case 6:
		d->args[0] = text(draw_word(d->text[1], 100));
		d->event = event_of("ctypes.dlopen", d->args, 1);
		break;
	case 7:
		d->args[0] = text(draw_word(d->text[1], 100));
		d->args[1] = number(draw(5));
		d->event = event_of("shop.custom", d->args, draw(3));
		break;
	default:
		draw_path(d->text[0], 200);
		d->event = open_event(d->args, d->text[0], PICK(flags));
		d->event.site.via = PICK(ways);
	}
	draw_principal(d);
	/* What is no UTF-8 is recorded as bytes. */
	for (size_t i = 0; i < sizeof(d->args) / sizeof(*d->args); i++)
		if (d->args[i].type == SM_TEXT && strchr(d->args[i].s, '\xff'))
			d->args[i].type = SM_BYTES;
}

/* Every other reason would be a rule the learner failed to find. */
static bool may_be_denied(const struct drawn *all, size_t count,
			  const struct drawn *one, const struct sm_verdict *v)
{
	struct sm_request requests[SM_REQUESTS_MAX];
	struct sm_request_scratch scratch;
	struct sm_shell shell;

	if (v->reason == SM_REASON_CUT)
		return true;
	sm_event_requests(&one->event, &scratch, requests);
	/* A line that is none, but would be as a pattern. */
	if (requests[0].access == SM_ACCESS_SHELL &&
	    !sm_shell_parse(requests[0].value, false, &shell))
		return true;
	if (v->reason != SM_REASON_WRITTEN)
		return false;
	/* It wrote what it loads. */
	for (size_t i = 0; i < count; i++) {
		struct sm_request others[SM_REQUESTS_MAX];
		struct sm_request_scratch other;
		unsigned n = sm_event_requests(&all[i].event, &other, others);

		for (unsigned k = 0; k < n; k++)
			if (others[k].family == SM_FAMILY_FILES &&
			    others[k].access &
				    ~(SM_ACCESS_READ | SM_ACCESS_LIST |
				      SM_ACCESS_META) &&
			    sm_str_equal(others[k].value, requests[0].value))
				return true;
	}
	return false;
}

/* `/` belongs to everybody: a free slot there would reach all there is. */
static void expect_no_slot_at_the_root(const struct bench *b)
{
	const struct sm_rules *rules = b->learned.rules;

	for (size_t i = 0; i < rules->count; i++) {
		struct sm_str p = rules->rules[i].pattern;

		if (sm_str_starts(p, SM_STR("/<name>")) ||
		    sm_str_starts(p, SM_STR("/<tree>")) ||
		    sm_str_starts(p, SM_STR("/*")))
			fail_msg("%.*s", (int)p.len, p.p);
	}
}

#define EVENTS_MAX 60
#define TRACES	   300

static void whatever_was_recorded_is_granted(void **state)
{
	struct drawn *drawn = calloc(EVENTS_MAX, sizeof(*drawn));
	size_t denied = 0, decided = 0;

	(void)state;
	assert_non_null(drawn);
	for (int round = 0; round < TRACES; round++) {
		const struct sm_learn_options options = {
			.level = (enum sm_level)draw(SM_LEVELS)
		};
		size_t count = draw(EVENTS_MAX) + 1;
		struct bench b;

		start(&b);
		for (size_t i = 0; i < count; i++) {
			draw_event(&drawn[i]);
			add(&b, (int)draw(RUNS), &drawn[i].event);
		}
		learn_with(&b, &options);
		expect_no_slot_at_the_root(&b);
		for (size_t i = 0; i < count; i++) {
			struct sm_verdict v;
			char why[400];

			sm_policy_decide(&b.policy, &drawn[i].event, &v);
			decided += v.decision == SM_ALLOWED;
			if (v.decision != SM_DENIED && v.decision != SM_WARNED)
				continue;
			denied++;
			sm_verdict_explain(&drawn[i].event, &v, why,
					   sizeof(why));
			if (!may_be_denied(drawn, count, &drawn[i], &v))
				fail_msg("trace %d: %s", round, why);
		}
		finish(&b);
	}
	free(drawn);
	print_message("%zu allowed, %zu denied\n", decided, denied);
	assert_true(decided > 20 * denied && denied > 0);
}

/* Rules that another one covers leave it what was counted for them. */
static void a_reason_counts_what_its_rule_was_made_of(void **state)
{
	static const char *const owners[] = { "anna", "ben",  "carl", "dora",
					      "eve",  "fred", "gil",  "anna" };
	const struct sm_learn_options options = { .evidence = true };
	const struct sm_learned_reason *reason;
	char dir[100], path[120];
	struct bench b;
	bool joined = false;

	(void)state;
	start(&b);
	for (int i = 0; i < 8; i++) {
		snprintf(dir, sizeof(dir), APP "/scans/%s", owners[i]);
		see_mkdir(&b, i % RUNS, dir);
		snprintf(path, sizeof(path), "%s/scan-%d.png", dir,
			 i == 7 ? 3 : 1);
		see_open(&b, i % RUNS, path, WRITE);
		see_popen(&b, i % RUNS, ARGV("/usr/bin/pack", "-k", path));
	}
	learn_with(&b, &options);
	for (size_t i = 0; i < b.learned.rules->count; i++) {
		const struct sm_rule *rule = &b.learned.rules->rules[i];

		reason = sm_learned_reason(&b.learned, rule->id);
		assert_non_null(reason);
		assert_int_equal(reason->events, rule->seen);
		joined |=
			rule->family == SM_FAMILY_PROCESSES && rule->seen == 8;
	}
	assert_true(joined);
	finish(&b);
}

/* What only one of them did is no evidence for the other. */
static void each_principal_has_its_own_events(void **state)
{
	const struct sm_learn_options options = { .evidence = true };
	struct bench b;
	size_t rules = 0;

	(void)state;
	start(&b);
	for (int i = 0; i < 4; i++)
		see_open(&b, i, APP "/state.json", WRITE);
	tool_opened(&b, APP "/state.json", READ);
	learn_with(&b, &options);
	for (size_t i = 0; i < b.learned.rules->count; i++) {
		const struct sm_rule *rule = &b.learned.rules->rules[i];

		if (rule->family != SM_FAMILY_FILES)
			continue;
		rules++;
		assert_int_equal(rule->seen,
				 rule->access & SM_ACCESS_WRITE ? 4 : 1);
	}
	assert_int_equal(rules, 2);
	finish(&b);
}

/* A rule spells any depth as it needs; the reason speaks of both. */
static void a_reason_says_what_its_figures_are(void **state)
{
	char path[100];
	struct bench b;
	bool is_deep = false;

	(void)state;
	start(&b);
	for (int i = 0; i < 24; i++) {
		snprintf(path, sizeof(path), APP "/out/%c%d/x%d/f%c%d.json",
			 'a' + i / 5, i, i, 'k' + i % 7, i);
		see_open(&b, i % RUNS, path, WRITE);
	}
	learn(&b);
	for (size_t i = 0; i < b.learned.reason_count; i++) {
		const char *why = b.learned.reasons[i].why.p;

		assert_null(strstr(why, "**"));
		is_deep |= strstr(why, "any depth: ") && strstr(why, " cost ");
	}
	assert_true(is_deep);
	finish(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_slot_gives_way_to_code_among_its_names),
		cmocka_unit_test(a_tree_gives_way_to_slots_by_extension),
		cmocka_unit_test(who_walks_pages_that_are_run_goes_on_looking),
		cmocka_unit_test(a_bundle_gives_way_to_code_among_its_names),
		cmocka_unit_test(a_slot_gives_way_to_libraries_among_its_names),
		cmocka_unit_test(code_the_program_wrote_itself_is_listed),
		cmocka_unit_test(whatever_was_recorded_is_granted),
		cmocka_unit_test(a_reason_counts_what_its_rule_was_made_of),
		cmocka_unit_test(each_principal_has_its_own_events),
		cmocka_unit_test(a_reason_says_what_its_figures_are),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
