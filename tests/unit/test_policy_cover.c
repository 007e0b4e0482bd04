/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_policy_cover.c: what diff and check claim about drawn policies, held
 * against what the engine decides about events.
 */
#include "tests/unit/policy_fixture.h"

/* One rule each; an f, n, p, c or x in front names the section. */
static const char *const pool[] = {
	"f{\"path\": \"/a/*\", \"access\": [\"read\"]}",
	"f{\"path\": \"/a/**\", \"access\": [\"read\"], \"by\": [\"web\"]}",
	"f{\"path\": \"/a/b\", \"access\": [\"read\", \"write\"]}",
	"f{\"path\": \"/a/<int>\", \"access\": [\"create\"]}",
	"f{\"path\": \"/a/*.py\", \"access\": [\"write\"], \"by\": [\"web\"]}",
	"f{\"path\": \"/**\", \"access\": [\"read\"], \"via\": [\"import\"]}",
	"f{\"path\": \"/a/<tree>\", \"access\": [\"read\"]}",
	("f{\"path\": \"/a/*.py\", \"access\": [\"create\"], "
	 "\"by\": [\"web\"], \"makes\": \"code\"}"),
	"f{\"path\": \"/a/<tree>/x.py\", \"access\": [\"write\"]}",
	"f{\"path\": \"${ARG}/<tree>\", \"access\": [\"read\"]}",
	"f{\"path\": \"${ARG}/b\", \"access\": [\"read\"]}",
	"f{\"path\": \"${V}/b\", \"access\": [\"read\"]}",
	"c{\"load\": \"/a/*\"}",
	"c{\"load\": \"/a/x.py\"}",
	"c{\"load\": \"stdlib\"}",
	"c{\"load\": \"stdlib:ctypes\", \"by\": [\"web\"]}",
	"c{\"load\": \"/usr/lib/python3/json/**\"}",
	"c{\"load\": \"distribution:web\"}",
	"n{\"connect\": \"10.0.0.0/8:<port>\"}",
	"n{\"connect\": \"10.0.0.1:*\", \"by\": [\"web\"]}",
	"n{\"connect\": \"udp:*:53\"}",
	"n{\"connect\": \"*.x.net:443\"}",
	"n{\"resolve\": \"*\"}",
	"n{\"connect\": \"/a/*\"}",
	"p{\"exec\": \"/a/b\", \"argv\": [\"b\", \"*\"]}",
	"p{\"exec\": \"/a/*\", \"argv\": [\"<option:b|c>\", \"<path:/a/*>\"]}",
	"p{\"exec\": \"/a/b\", \"by\": [\"web\"]}",
	"p{\"exec\": \"/a/b\", \"argv\": [\"b\", \"-v\"]}",
	"p{\"exec\": \"/a/b\", \"argv\": [\"b\", \"<word>...\"]}",
	/* In () for clang, which suspects a forgotten comma. */
	("p{\"exec\": \"/a/b\", \"argv\": [\"b\", \"<option:x|-v>...\", "
	 "\"y\"]}"),
	"p{\"exec\": \"/a/b\", \"argv\": [\"b\", \"<word>\", \"y\"]}",
	"p{\"exec\": \"/a/b\", \"argv\": [\"b\", \"[-v]\"]}",
	"p{\"exec\": \"/a/b\", \"argv\": [\"b\", \"<path:**>\"]}",
	"p{\"exec\": \"/a/b\", \"argv\": [\"b\", \"<path:/a/**>\"]}",
	"p{\"exec\": \"/a/b\", \"argv\": [\"b\", \"<path:/a/.*>\"]}",
	"p{\"exec\": \"/a/b\", \"argv\": [\"b\", \"<path:.*>\"]}",
	"p{\"exec\": \"/a/b\", \"argv\": [\"b\", \".\"]}",
	"p{\"exec\": \"/a/b\", \"argv\": [\"b\", \"/a/..\"]}",
	("p{\"exec\": \"/a/b\", \"argv\": [\"b\", \"<word>...\", "
	 "\"[-v <word>]\", \"[-w]\", \"y\"]}"),
	"p{\"exec\": \"/a/b\", \"argv\": [\"b\", \"[-v]\", \"*\"]}",
	("p{\"exec\": \"/a/b\", \"argv\": [\"b\", \"[-v x]\", \"[-w]\", "
	 "\"<word>...\"]}"),
	"p{\"shell\": \"b q [-r <word>] [-s] >/a/x\"}",
	"p{\"shell\": \"b <word>... [-r s] >/a/x\"}",
	"p{\"shell\": \"b <word> >/a/x\"}",
	"p{\"shell\": \"b <word>... >/a/x\"}",
	"p{\"shell\": \"b <word>\\\\... >/a/x\"}",
	"p{\"shell\": \"b 'q' > /a/x\"}",
	"p{\"shell\": \"v=$(b <word>) && c\"}",
	"p{\"shell\": \"v=$(b q) && c\"}",
	"p{\"shell\": \"v=$( b <word>... ) && c\"}",
	"p{\"shell\": \"v=\\\"$(b <word>)\\\" && c\"}",
	"p{\"shell\": \"v=$(b <word> && c)\"}",
	"x{\"path\": \"/a/b\"}",
	"x{\"path\": \"/a/**\", \"access\": [\"write\"]}",
	"x{\"path\": \"/a/x.py\", \"access\": [\"read\"], \"by\": [\"web\"]}",
	"x{\"load\": \"/usr/lib/python3/json/**\"}",
	"x{\"connect\": \"10.0.0.0/30:22\"}",
	"x{\"exec\": \"/a/*\", \"argv\": [\"b\", \"<text>\"]}",
};
#define POOL (sizeof(pool) / sizeof(*pool))

#define DRAWN_MAX 8

/* A drawn policy: rules of the pool, each on a line of its own. */
struct drawn {
	size_t rules[DRAWN_MAX], count;
	bool is_left_out[DRAWN_MAX];
	unsigned lines[DRAWN_MAX];
	char told[2000]; /* what check said of it */
};

static uint32_t random_state = 20261121;

static uint32_t draw(uint32_t below)
{
	random_state = random_state * 1664525 + 1013904223;
	return (random_state >> 8) % below;
}

static void draw_rules(struct drawn *d)
{
	memset(d, 0, sizeof(*d));
	for (d->count = 0; d->count < 2 + draw(DRAWN_MAX - 2); d->count++)
		d->rules[d->count] = draw(POOL);
}

static struct sm_rules *rules_of(struct drawn *d, bool *is_good)
{
	static const char letters[] = "fcnpx";
	static const char *const names[] = { "files", "code", "network",
					     "processes", "deny" };
	char text[4000];
	size_t n, section, i;
	unsigned line = 1;
	struct sm_rules *rules = NULL;
	struct sm_diag diag;

	n = (size_t)snprintf(text, sizeof(text),
			     "{\"secmgr\": 1, \"variables\": {\"V\": [\"/a\", "
			     "\"/c\"], \"STDLIB\": \"/usr/lib/python3\", "
			     "\"SITE\": \"/usr/lib/site\"}");
	for (section = 0; section < sizeof(names) / sizeof(*names); section++) {
		bool is_first = true;

		line++;
		n += (size_t)snprintf(text + n, sizeof(text) - n,
				      ", \"%s\": [\n", names[section]);
		for (i = 0; i < d->count; i++) {
			const char *rule = pool[d->rules[i]];

			if (*rule != letters[section] || d->is_left_out[i])
				continue;
			n += (size_t)snprintf(text + n, sizeof(text) - n,
					      "%s%s\n", is_first ? "" : ",",
					      rule + 1);
			d->lines[i] = line++;
			is_first = false;
		}
		n += (size_t)snprintf(text + n, sizeof(text) - n, "]");
	}
	snprintf(text + n, sizeof(text) - n, "}");
	*is_good = !sm_policy_parse(text, strlen(text), &rules, &diag);
	if (!*is_good)
		fail_msg("%s: %s", text, diag.text);
	return rules;
}

static struct compiled compile_rules(const struct sm_rules *rules)
{
	struct compiled c = { 0 };
	struct sm_diag diag;
	size_t bytes = 0;

	assert_int_equal(
		sm_policy_compile(rules, NULL, 0, &c.blob, &bytes, &diag), 0);
	assert_int_equal(sm_policy_open(&c.policy, c.blob, bytes, &diag), 0);
	return c;
}

/* An event a line: what, whom, how; words are cut at spaces. */
static const char *const happenings[] = {
	"open /a/b 0",
	"open /a/7 0",
	"open /a/x/y 0",
	"open /c/b 0",
	"open /a/b 1",
	"open /a/7 1",
	"open /a/7 65",
	"open /a/x.py 1",
	"open /a/x.py 0",
	"open /a/y.py 0",
	"open /z 0",
	"open /a/.b 0",
	"load /a/x.py",
	"load /a/b",
	"load /a/y.py",
	"load /usr/lib/python3/json/__init__.py",
	"load /usr/lib/python3/os.py",
	"load /usr/lib/python3/ctypes/util.py",
	"load /usr/lib/site/web/__init__.py",
	"connect 10.0.0.1 22",
	"connect 10.0.0.1 8080",
	"connect 10.9.0.1 8080",
	"connect 10.0.0.1 80",
	"connect a.x.net 443",
	"connect x.net 443",
	"connect ::ffff:10.0.0.1 8080",
	"unix /a/s",
	"resolve a.x.net",
	"resolve b.org",
	"resolve 10.0.0.2",
	"exec /a/b b",
	"exec /a/b b -v",
	"exec /a/b b x y",
	"exec /a/b b x -v y",
	"exec /a/b b -v -v",
	"exec /a/b b -v x y",
	"exec /a/b b -w -v x y y",
	"exec /a/b b x -v y -w -v z y",
	"exec /a/b b x -v y z y",
	"exec /a/b b x -w",
	"exec /a/b b y",
	"exec /a/b b y y",
	"exec /a/b b /a/../a/c",
	"exec /a/b b .",
	"exec /a/b b ./c",
	"exec /a/b b .c",
	"exec /a/b b ..",
	"exec /a/b b /a/.c",
	"exec /a/b b c/d",
	"exec /a/b b /a/..",
	"exec /a/b b /a/../b",
	"exec /a/c c /a/b",
	"exec /a/c b /a/b",
	"exec /a/b c /b",
	"exec /a/x.py b /a/b",
	"shell b q >/a/x",
	"shell b -q >/a/x",
	"shell b q r s >/a/x",
	"shell b q -r s >/a/x",
	"shell b q -r s -s -r t >/a/x",
	"shell b q -r -s >/a/x",
	"shell b q -s r >/a/x",
	"shell b q... >/a/x",
	"shell b >/a/x",
	"shell b $Q >/a/x",
	"shell v=$(b q) && c",
	"shell v=$( b 'q' )&&c",
	"shell v=\"$(b q)\" && c",
	"shell v=$(b q r) && c",
	"shell v=$(b $q) && c",
	"shell v=$(b $(q)) && c",
	"shell v=$(b q; q) && c",
	"shell v=$(q b) && c",
	"shell w=$(b q) && c",
	"shell v=$(b q && c)",
	"shell v=$(b q) c",
	"shell b r > /a/x",
};
#define HAPPENINGS (sizeof(happenings) / sizeof(*happenings))

static void stage_words(struct staged *s, char *words, const char *by)
{
	char *rest = words, *what = strsep(&rest, " "), *more;
	struct sm_value list = { .type = SM_LIST, .len = 2, .full_len = 2 };

	if (!strcmp(what, "open") || !strcmp(what, "load")) {
		stage(s, "open", by);
		push_arg(s, text_value(strsep(&rest, " ")));
		push_arg(s, (struct sm_value){ .type = SM_NONE });
		push_arg(s, int_value(rest ? atoi(rest) : 0));
		s->event.site.via =
			*what == 'l' ? SM_VIA_IMPORT : SM_VIA_DIRECT;
	} else if (!strcmp(what, "connect")) {
		stage(s, "socket.connect", by);
		push_arg(s, text_value("tcp"));
		s->items[0] = text_value(strsep(&rest, " "));
		s->items[1] = int_value(atoi(rest));
		list.items = s->items;
		push_arg(s, list);
	} else if (!strcmp(what, "unix")) {
		stage(s, "socket.connect", by);
		push_arg(s, text_value("unix"));
		push_arg(s, text_value(rest));
	} else if (!strcmp(what, "resolve")) {
		stage(s, "socket.getaddrinfo", by);
		push_arg(s, text_value(rest));
	} else if (!strcmp(what, "exec")) {
		stage(s, "os.posix_spawn", by);
		more = strsep(&rest, " ");
		push_arg(s, text_value(more));
		push_words(s, rest);
	} else {
		stage(s, "os.system", by);
		push_arg(s, text_value(rest));
	}
}

#define WHO_MAX 4

static bool is_let(const struct compiled *c, size_t number, size_t who)
{
	static const char *const names[WHO_MAX] = { "web", "python", "main",
						    "dynamic" };
	char words[100];
	struct sm_verdict v;
	struct staged s;

	snprintf(words, sizeof(words), "%s", happenings[number]);
	stage_words(&s, words, names[who]);
	sm_policy_decide(&c->policy, &s.event, &v);
	return v.decision != SM_DENIED;
}

/* Whatever one event shows is told; an unknown would do, but there is none. */
static void what_the_engine_decides_otherwise_is_told(void **state)
{
	size_t round, i, who, wider = 0, narrower = 0;

	(void)state;
	for (round = 0; round < 1500; round++) {
		struct drawn a, b;
		struct sm_rules *old, *new;
		struct compiled was, is;
		struct sm_diag diag;
		char told[100] = "";
		bool is_good;

		draw_rules(&a);
		b = a;
		if (draw(3))
			b.rules[draw((uint32_t)b.count)] = draw(POOL);
		else
			draw_rules(&b);
		old = rules_of(&a, &is_good);
		new = rules_of(&b, &is_good);
		was = compile_rules(old);
		is = compile_rules(new);
		assert_int_equal(sm_policy_diff(old, new, NULL, 0, note_change,
						told, &diag),
				 0);
		assert_null(strchr(told, '?'));
		for (i = 0; i < HAPPENINGS; i++)
			for (who = 0; who < WHO_MAX; who++) {
				bool before = is_let(&was, i, who),
				     after = is_let(&is, i, who);

				if (before == after)
					continue;
				*(after ? &wider : &narrower) += 1;
				if (!strchr(told, after ? 'w' : 'n'))
					fail_msg("round %zu: %s (%zu): told "
						 "%s",
						 round, happenings[i], who,
						 told);
			}
		compiled_free(&was);
		compiled_free(&is);
		sm_rules_free(old);
		sm_rules_free(new);
	}
	assert_true(wider > 1000 && narrower > 1000);
}

static void leave_out(void *context, const struct sm_diag *finding)
{
	struct drawn *d = context;
	size_t n = strlen(d->told), i;

	snprintf(d->told + n, sizeof(d->told) - n, "%u: %s\n", finding->line,
		 finding->text);
	for (i = 0; i < d->count; i++)
		if (d->lines[i] == finding->line)
			d->is_left_out[i] = true;
}

static void rules_told_to_be_superfluous_can_go(void **state)
{
	size_t round, i, who, gone = 0;

	(void)state;
	for (round = 0; round < 1200; round++) {
		struct sm_rules *all, *few;
		struct compiled with, without;
		struct sm_diag diag;
		struct drawn d;
		bool is_good;

		draw_rules(&d);
		all = rules_of(&d, &is_good);
		assert_int_equal(
			sm_policy_check(all, NULL, 0, leave_out, &d, &diag), 0);
		few = rules_of(&d, &is_good);
		gone += all->count - few->count;
		with = compile_rules(all);
		without = compile_rules(few);
		for (i = 0; i < HAPPENINGS; i++)
			for (who = 0; who < WHO_MAX; who++)
				if (is_let(&with, i, who) !=
				    is_let(&without, i, who))
					fail_msg("round %zu: %s (%zu): %s",
						 round, happenings[i], who,
						 d.told);
		compiled_free(&with);
		compiled_free(&without);
		sm_rules_free(all);
		sm_rules_free(few);
	}
	if (gone <= 300)
		fail_msg("only %zu rules told", gone);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_the_engine_decides_otherwise_is_told),
		cmocka_unit_test(rules_told_to_be_superfluous_can_go),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
