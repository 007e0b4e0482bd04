/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>

#include "schema/policy/language.h"
#include "tests/unit/policy_fixture.h"

enum spelling { PATH, KEY, CODE };

/* wide contains narrow: C yes, O no */
struct row {
	enum spelling spelling;
	const char *wide, *narrow;
	char expected;
};

#define P PATH
#define K KEY
#define X CODE

static const struct row rows[] = {
	{ P, "/a", "/a", 'C' },
	{ P, "/a", "/b", 'O' },
	{ P, "/", "/", 'C' },
	{ P, "/**", "/", 'O' },
	{ P, "/**", "/a/.b/c", 'C' },
	{ P, "/a/**", "/a", 'O' },
	{ P, "/a/**", "/a/b", 'C' },
	{ P, "/a/**", "/a/b/**", 'C' },
	{ P, "/a/b/**", "/a/**", 'O' },
	{ P, "/a/**/b", "/a/b", 'C' },
	{ P, "/a/**/b", "/a/x/y/b", 'C' },
	{ P, "/a/**/b", "/a/**", 'O' },
	{ P, "/a/**", "/a/**/b", 'C' },
	{ P, "/a/**/b/**", "/a/b/c", 'C' },
	{ P, "/a/*", "/a/<name>", 'C' },
	{ P, "/a/<name>", "/a/*", 'C' },
	{ P, "/a/*", "/a/.b", 'O' },
	{ P, "/a/.*", "/a/.b", 'C' },
	{ P, "/a/*", "/a/b/c", 'O' },
	{ P, "/a/*", "/a/**", 'O' },
	{ P, "/a/<name>", "/a/<int>", 'C' },
	{ P, "/a/<int>", "/a/<name>", 'O' },
	{ P, "/a/<name>", "/a/<uuid>.jpg", 'C' },
	{ P, "/a/<int>", "/a/17", 'C' },
	{ P, "/a/<int>", "/a/1x", 'O' },
	{ P, "/a/<hex>", "/a/deadbeef", 'C' },
	{ P, "/a/<hex>", "/a/dead", 'O' },
	{ P, "/a/<tmp>", "/a/<hex>", 'O' },
	{ P, "/a/<name>", "/a/<date>", 'C' },
	{ P, "/a/<date>", "/a/2024-02-30", 'C' },
	{ P, "/a/<date>", "/a/2024-02-32", 'O' },
	{ P, "/a/<date>", "/a/<int>", 'O' },
	{ P, "/a/<int>-<int>-<int>", "/a/<date>", 'O' },
	{ P, "/a/x*", "/a/x<int>.log", 'C' },
	{ P, "/a/x*.log", "/a/x<int>.log", 'C' },
	{ P, "/a/*.log", "/a/*.txt", 'O' },
	{ P, "/a/*<int>", "/a/<int>", 'C' },
	{ P, "/lit/a\\*b", "/lit/a*b", 'O' },
	{ P, "/lit/a*b", "/lit/a\\*b", 'C' },
	{ K, "*", "db.internal", 'C' },
	{ K, "*.cdn.net", "img.cdn.net", 'C' },
	{ K, "*.cdn.net", "cdn.net", 'O' },
	{ K, "<word>", "-x", 'O' },
	{ K, "<text>", "-x", 'C' },
	{ K, "<text>", "<word>", 'C' },
	{ K, "<word>", "<text>", 'O' },
	{ K, "<word>", "<name>", 'C' },
	{ K, "<name>", "<word>", 'O' },
	{ K, "<option:a|bc>", "bc", 'C' },
	{ K, "<option:a|b\\|c>", "b|c", 'C' },
	{ K, "<option:a|b>", "<option:b|a>", 'C' },
	{ K, "<option:a|b>", "<option:a|c>", 'O' },
	{ K, "--n=<int>", "--n=3", 'C' },
	{ K, "<host>", "a_b:1", 'C' },
	{ K, "*", "", 'C' },
	{ X, "<frozen *>", "<frozen os>", 'C' },
	{ X, "<string>", "<frozen os>", 'O' },
};

static struct sm_language *language_of(enum spelling spelling,
				       const char *pattern)
{
	struct sm_language *l = sm_language_new();

	assert_non_null(l);
	sm_language_begin(l);
	if (spelling == PATH)
		sm_language_path(l, (struct sm_str){ NULL, 0 },
				 sm_str_of(pattern));
	else
		sm_language_word(
			l, spelling == CODE ? SM_SPELLED_CODE : SM_SPELLED_KEY,
			sm_str_of(pattern), NULL);
	assert_int_equal(sm_language_end(l), 0);
	return l;
}

static void containment_is_decided_exactly(void **state)
{
	struct sm_found_text text;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct row *r = &rows[i];
		struct sm_language *wide = language_of(r->spelling, r->wide);
		struct sm_language *in = language_of(r->spelling, r->narrow);
		struct sm_search search = { .in = in, .out = wide };
		enum sm_found found = sm_language_search(&search, &text);

		if (found !=
		    (r->expected == 'C' ? SM_FOUND_NOTHING : SM_FOUND_ONE))
			fail_msg("%s in %s: got %d %s", r->narrow, r->wide,
				 found, text.bytes);
		sm_language_free(wide);
		sm_language_free(in);
	}
}

static bool is_read(const struct compiled *c, const char *path)
{
	struct sm_verdict v;
	struct staged s;

	stage(&s, "open", "python");
	push_arg(&s, text_value(path));
	push_arg(&s, (struct sm_value){ .type = SM_NONE });
	push_arg(&s, int_value(O_RDONLY));
	sm_policy_decide(&c->policy, &s.event, &v);
	return v.decision == SM_ALLOWED;
}

static struct compiled compile_path(const char *pattern)
{
	char text[300], escaped[200];
	size_t n = 0;

	for (; *pattern; pattern++) {
		if (*pattern == '\\')
			escaped[n++] = '\\';
		escaped[n++] = *pattern;
	}
	escaped[n] = 0;
	snprintf(text, sizeof(text),
		 "{ \"secmgr\": 1, \"files\": [ { \"id\": \"f\", \"path\": "
		 "\"%s\", \"access\": [\"read\"] } ] }",
		 escaped);
	return compile_text(text);
}

/* Every pair of the table's paths, judged by the engine that enforces. */
static void an_example_is_what_the_engine_decides(void **state)
{
	const size_t count = sizeof(rows) / sizeof(*rows);
	size_t i, j, checked = 0;
	struct sm_found_text text;

	(void)state;
	for (i = 0; i < count; i++)
		for (j = 0; j < count; j++) {
			struct sm_language *a, *b;
			struct compiled wide, narrow;
			struct sm_search search;

			if (rows[i].spelling != P || rows[j].spelling != P)
				continue;
			a = language_of(P, rows[i].narrow);
			b = language_of(P, rows[j].wide);
			search = (struct sm_search){ .in = a, .out = b };
			if (sm_language_search(&search, &text) ==
			    SM_FOUND_ONE) {
				narrow = compile_path(rows[i].narrow);
				wide = compile_path(rows[j].wide);
				if (!is_read(&narrow, text.bytes) ||
				    is_read(&wide, text.bytes))
					fail_msg("%s: in %s, not in %s",
						 text.bytes, rows[i].narrow,
						 rows[j].wide);
				compiled_free(&narrow);
				compiled_free(&wide);
				checked++;
			}
			sm_language_free(a);
			sm_language_free(b);
		}
	assert_true(checked > 800);
}

/* ------------------------------------------------------------------- diff */

#define HEAD                                                                   \
	"{ \"secmgr\": 1, \"variables\": { \"APP\": \"/srv/shop\", "           \
	"\"STDLIB\": \"/usr/lib/python3.11\", \"SITE\": \"/usr/lib/site\" }, "

/* w wider, n narrower, ? unknown, in the order told */
struct change {
	const char *old, *new, *expected;
};

#define F(path, more)                                                          \
	"\"files\": [ { \"id\": \"f\", \"path\": \"" path                      \
	"\", \"access\": [\"read\"]" more " } ]"
#define N(address)                                                             \
	"\"network\": [ { \"id\": \"n\", \"connect\": \"" address "\" } ]"
#define C(load) "\"code\": [ { \"id\": \"c\", \"load\": \"" load "\" } ]"
#define E(argv)                                                                \
	"\"processes\": [ { \"id\": \"p\", \"exec\": \"/bin/x\", \"argv\": "   \
	"[" argv "] } ]"
#define X2(argv, more)                                                         \
	"\"processes\": [ { \"id\": \"p\", \"exec\": \"/bin/x\", \"argv\": "   \
	"[" argv                                                               \
	"] }, { \"id\": \"q\", \"exec\": \"/bin/x\", \"argv\": [" more "] } ]"
#define S(line) "\"processes\": [ { \"id\": \"s\", \"shell\": \"" line "\" } ]"
#define R(args)                                                                \
	"\"events\": [ { \"id\": \"e\", \"name\": \"x.y\", \"args\": [" args   \
	"] } ]"
#define W(path)                                                                \
	"\"files\": [ { \"id\": \"w\", \"path\": \"" path                      \
	"\", \"access\": [\"write\"] } ]"
#define BY(name)   ", \"by\": [\"" name "\"]"
#define DENY(path) ", \"deny\": [ { \"id\": \"x\", \"path\": \"" path "\" } ]"

static const struct change changes[] = {
	{ F("/a", ""), F("/a", ""), "" },
	{ F("/a", ""), F("/a/**", ""), "wn" },
	{ F("/a/b", ""), F("/a/**", ""), "w" },
	{ F("/a/**", ""), F("/a/b", ""), "n" },
	{ F("${APP}/x", ""), F("/srv/shop/x", ""), "" },
	{ F("/a", BY("app")), F("/a", ""), "w" },
	{ F("/a", ""), F("/a", BY("app")), "n" },
	{ F("/a", BY("app")), F("/a", BY("web")), "wn" },
	{ F("/a", ""), F("/a", BY("foreign")), "wn" },
	{ F("/a/**", ""), F("/a/**", "") DENY("/a/b"), "n" },
	{ F("/a/**", "") DENY("/a/b"), F("/a/**", ""), "w" },
	{ F("/a/**", "") DENY("/c/b"), F("/a/**", ""), "" },
	{ F("/a/**", "") DENY("/a/b"), F("/a/**", "") DENY("/a/*"), "n" },
	{ N("a:1"), N("a:2"), "wn" },
	{ N("a:1"), N("a:*"), "w" },
	{ N("a:1"), N("udp:a:1"), "n" },
	{ N("a:1"), N("*.a:1"), "wn" },
	{ N("10.0.0.1:1"), N("10.0.0.2:1"), "wn" },
	{ N("10.0.0.1:1"), N("10.0.0.0/8:1"), "w" },
	{ N("10.0.0.0/8:1"), N("10.0.0.1:1"), "n" },
	{ N("10.0.0.0/9:1"), N("10.128.0.0/9:1"), "wn" },
	{ N("10.0.0.0/8:1"), N("[::ffff:10.0.0.0/104]:1"), "" },
	{ N("[2001:db8::/32]:1"), N("[2001:db8::1]:1"), "n" },
	{ N("10.0.0.0/8:1"), N("*:1"), "w" },
	{ N("*:1"), N("<host>:1"), "n" },
	{ N("10.0.0.0/8:1"), N("<host>:1"), "w" },
	{ N("10.0.0.1:<port>"), N("10.0.0.1:1024"), "n" },
	{ N("a:*"), N("a:<port>"), "n" },
	{ N("a:1024-65535"), N("a:<port>"), "" },
	{ N("a:80-90"), N("a:85"), "n" },
	{ N("a:80-90"), N("a:90-91"), "wn" },
	{ N("A:1"), N("a:1"), "" },
	{ N("/run/a"), N("/run/*"), "w" },
	{ N("@a"), N("@a*"), "w" },
	{ "\"network\": [ { \"resolve\": \"a\" } ]", N("a:1"), "w" },
	{ N("a:1"), "\"network\": [ { \"resolve\": \"a\" } ]", "n" },
	{ "\"network\": [ { \"resolve\": \"a\" } ]", N("a@loopback:1"), "w" },
	{ N("a:1"), N("a@loopback:1"), "wn" },
	{ N("localhost:1"), N("127.0.0.1:1"), "n" },
	{ N("[::1]:1"), N("localhost:1"), "w" },
	{ E("\"x\", \"a\""), E("\"x\", \"<word>\""), "w" },
	{ E("\"x\", \"<word>\""), E("\"x\", \"a\""), "n" },
	{ E("\"x\", \"a\""), E("\"x\", \"*\""), "w" },
	{ E("\"x\", \"-a\""), E("\"x\", \"*\""), "wn" },
	{ E("\"x\", \"*\""), E("\"x\", \"<word>\", \"*\""), "n" },
	{ E("\"x\""), E("\"x\", \"a\""), "wn" },
	{ E("\"x\", \"<option:a|b>\""), X2("\"x\", \"a\"", "\"x\", \"b\""),
	  "" },
	{ X2("\"x\", \"a\"", "\"x\", \"b\""), E("\"x\", \"<option:a|b|c>\""),
	  "w" },
	{ E("\"x\", \"${APP}/a\""), E("\"x\", \"/srv/shop/a\""), "" },
	{ E("\"x\", \"${APP}/a\""), E("\"x\", \"<path:${APP}/*>\""), "w" },
	{ E("\"x\", \"<path:/a/**>\""), E("\"x\", \"<path:/a/*>\""), "n" },
	{ E("\"x\", \"<path:/a/**>\""), E("\"x\", \"<word>\""), "w" },
	{ E("\"x\", \"<path:a/*>\""), E("\"x\", \"<path:/a/*>\""), "wn" },
	{ E("\"x\", \"<path:a/*>\""), E("\"x\", \"a/b\""), "n" },
	{ E("\"x\", \"<path:**>\""), E("\"x\", \".x/..y\""), "n" },
	{ E("\"x\", \"<path:**>\""), E("\"x\", \".\""), "wn" },
	{ E("\"x\", \"<path:/a/**>\""), E("\"x\", \"/a/../b\""), "wn" },
	{ E("\"x\", \"<path:/a/**>\""), E("\"x\", \"/a/.../b\""), "n" },
	{ E("\"x\", \"--o=<path:/a/*>\""), E("\"x\", \"--o=/a/b\""), "n" },
	{ E("\"x\", \"<port>\""), E("\"x\", \"<int>\""), "w" },
	{ E("\"x\", \"<port>\""), E("\"x\", \"65535\""), "n" },
	{ E("\"x\", \"<port>\""), E("\"x\", \"65536\""), "wn" },
	{ S("ping -c 1 <host>"), S("ping  -c  '1' <host>"), "" },
	{ S("ping -c 1 <host>"), S("ping -c 1 a"), "n" },
	{ S("ping a"), S("ping $A"), "wn" },
	{ S("ping a"), S("ping a; id"), "wn" },
	{ S("a | b <word>"), S("a|b <word>"), "" },
	{ S("a <<E"), S("a <<F"), "wn" },
	{ S("ls a.*"), S("ls <name>.*"), "w" },
	{ S("ls 'a'.*"), S("ls a.*"), "" },
	{ S("ls <name>.*"), S("ls <name>*"), "w" },
	{ S("ls <name>.*"), S("ls <name>.?"), "wn" },
	{ S("ls <name>.*"), S("ls <name>"), "wn" },
	{ S("ls '<name>.*'"), S("ls <name>.*"), "wn" },
	{ S("ls ${APP}.*"), S("ls /srv/shop.*"), "" },
	{ S("cat ${APP}/x"), S("cat /srv/shop/x"), "n" },
	{ R("\"a\", \"*\""), R("\"a\", \"<text>\""), "n" },
	{ R("\"a\""), R("\"b\""), "wn" },
	{ C("stdlib"), C("stdlib:ctypes"), "wn" },
	{ C("stdlib"), C("stdlib:json"), "n" },
	{ C("stdlib"), C("/usr/lib/python3.11/json/decoder.py"), "n" },
	{ C("stdlib"), C("/usr/lib/python3.11/**"), "w" },
	{ C("distribution:a"), C("distribution:b"), "wn" },
	{ C("distribution:a-b"), C("distribution:a_b"), "" },
	{ C("distribution:a"), C("/usr/lib/site/a/**"), "n" },
	{ C("/x/*.py"), C("/x/a.py"), "n" },
	{ C("/x/a.py"), C("/x/a.py") "," F("/x/*", ""), "w" },
	{ C("/x/a.py"), C("/x/a.py") "," W("/x/*"), "wn" },
	{ C("/x/a.py") "," W("/x/*"), C("/x/a.py"), "nw" },
	{ C("/x/a.py") "," W("/x/*"), C("/x/b.py") "," W("/x/*"), "" },
	{ E("\"x\""), E("\"x\"") "," W("/bin/*"), "wn" },
	{ C("/x/a.py"), C("/x/a.py") DENY("/x/**"), "n" },
	{ C("/x/a.py") DENY("/x/**"), C("/x/b.py") DENY("/x/**"), "" },
	{ F("/a/*", "") DENY("/a/**"), F("/a/b", "") DENY("/a/**"), "" },
	{ F("/a", BY("app")), F("/a", BY("app\", \"web")), "w" },
	{ F("/a", BY("dynamic")), F("/a", BY("dynamic:web")), "n" },
	{ "\"modes\": {\"files\": \"warn\"}", "\"modes\": {}", "n" },
	{ "\"modes\": {}", "\"modes\": {\"files\": \"off\"}", "w" },
	{ "\"modes\": {}", "\"modes\": {\"events\": \"block\"}", "n" },
	{ "\"use\": [\"python-runtime\"]", "\"use\": [\"python-runtime\"]",
	  "" },
};

static struct sm_rules *parse(const char *body)
{
	struct sm_rules *rules = NULL;
	struct sm_diag diag = { 0 };
	char text[2000];

	snprintf(text, sizeof(text), "%s%s }", HEAD, body);
	if (sm_policy_parse(text, strlen(text), &rules, &diag))
		fail_msg("%s: %s", text, diag.text);
	return rules;
}

static void a_change_is_proved_wider_or_narrower(void **state)
{
	size_t i, failures = 0;

	(void)state;
	for (i = 0; i < sizeof(changes) / sizeof(*changes); i++) {
		struct sm_rules *old = parse(changes[i].old);
		struct sm_rules *new = parse(changes[i].new);
		struct sm_diag diag;
		char told[100] = "";

		assert_int_equal(sm_policy_diff(old, new, NULL, 0, note_change,
						told, &diag),
				 0);
		if (strcmp(told, changes[i].expected)) {
			print_error("%s -> %s: %s, expected %s\n",
				    changes[i].old, changes[i].new, told,
				    changes[i].expected);
			failures++;
		}
		sm_rules_free(old);
		sm_rules_free(new);
	}
	assert_int_equal(failures, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(containment_is_decided_exactly),
		cmocka_unit_test(an_example_is_what_the_engine_decides),
		cmocka_unit_test(a_change_is_proved_wider_or_narrower),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
