/* SPDX-License-Identifier: Apache-2.0 */
/* The round trip: what was recorded wins over what was opened. */
#include "tests/unit/learn_fixture.h"

#include "schema/request.h"
#include "schema/shell.h"

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
		cmocka_unit_test(whatever_was_recorded_is_granted),
		cmocka_unit_test(a_reason_counts_what_its_rule_was_made_of),
		cmocka_unit_test(each_principal_has_its_own_events),
		cmocka_unit_test(a_reason_says_what_its_figures_are),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
