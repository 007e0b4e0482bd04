/* SPDX-License-Identifier: Apache-2.0 */
#include <jansson.h>
#include <unistd.h>

#include "tests/unit/policy_fixture.h"

/* --------------------------------------------------------------- refusals */

struct refusal {
	const char *text;
	enum sm_status status;
	unsigned line, column;
	const char *message; /* how it begins */
};

#define P	 "{\"secmgr\": 1,\n"
#define FILES(x) P " \"files\": [" x "]}"
#define NET(x)	 P " \"network\": [" x "]}"
#define PROC(x)	 P " \"processes\": [" x "]}"
#define CODE(x)	 P " \"code\": [" x "]}"

/* clang-format off */
static const struct refusal refusals[] = {
	{ "", SM_SYNTAX, 1, 1, "a policy must be an object, not the end of the file" },
	{ "[]", SM_SYNTAX, 1, 1, "a policy must be an object, not a list" },
	{ "{}", SM_NOT_OURS, 1, 1, "no policy: \"secmgr\": 1 is missing" },
	{ "{\"secmgr\": 2}", SM_VERSION, 1, 12, "policy format 2; this build reads format 1" },
	{ "{\"secmgr\": 1.0}", SM_SYNTAX, 1, 12, "secmgr must be a whole number" },
	{ "{\"secmgr\": \"1\"}", SM_SYNTAX, 1, 12, "secmgr must be a whole number, not a string" },
	{ "{\"secmgr\": 01}", SM_SYNTAX, 1, 12, "secmgr must be a whole number" },
	{ "{\"secmgr\": 1} x", SM_SYNTAX, 1, 15, "text behind the end of the policy" },
	{ "{\"secmgr\": 1,}", SM_SYNTAX, 1, 14, "a comma before } is not JSON" },
	{ "{\"secmgr\": 1 \"use\": []}", SM_SYNTAX, 1, 14, "expected , or }, found a string" },
	{ "{\"secmgr\" 1}", SM_SYNTAX, 1, 11, "expected : behind the key, found a number" },
	{ "{secmgr: 1}", SM_SYNTAX, 1, 2, "a key must be a string, not something else" },
	{ P " \"file\": []}", SM_INVALID, 2, 2, "unknown key \"file\"; one of secmgr, variables, use, files, network, " },
	{ P " \"files\": [],\n \"files\": []}", SM_INVALID, 3, 2, "key \"files\" stands twice" },
	{ P " \"secmgr\": 1}", SM_INVALID, 2, 2, "key \"secmgr\" stands twice" },
	{ P " \"files\": {}}", SM_SYNTAX, 2, 11, "files must be a list, not an object" },
	{ FILES("7"), SM_SYNTAX, 2, 12, "a rule must be an object, not a number" },
	{ FILES("{}"), SM_INVALID, 2, 12, "the rule of files names nothing" },
	{ FILES("{\"path\": \"/a\"}"), SM_INVALID, 2, 12, "the rule has no access" },
	{ FILES("{\"path\": \"/a\", \"acces\": []}"), SM_INVALID, 2, 27, "unknown key \"acces\" in a rule of files; one of id, path, access, by, via, makes, seen" },
	{ FILES("{\"path\": \"/a\", \"argv\": []}"), SM_INVALID, 2, 27, "unknown key \"argv\" in a rule of files" },
	{ FILES("{\"path\": \"/a\", \"path\": \"/b\"}"), SM_INVALID, 2, 27, "key \"path\" stands twice" },
	{ FILES("{\"path\": \"/a\", \"access\": []}"), SM_INVALID, 2, 37, "access must not be empty" },
	{ FILES("{\"path\": \"/a\", \"access\": \"read\"}"), SM_SYNTAX, 2, 37, "access must be a list, not a string" },
	{ FILES("{\"path\": \"/a\", \"access\": [\"raed\"]}"), SM_INVALID, 2, 38, "unknown access \"raed\"; one of read," },
	{ FILES("{\"path\": \"/a\", \"access\": [\"read\", \"read\"]}"), SM_INVALID, 2, 46, "access \"read\" stands twice" },
	{ FILES("{\"path\": \"/a\", \"access\": [\"load\"]}"), SM_INVALID, 2, 38, "unknown access \"load\"" },
	{ FILES("{\"path\": \"a\", \"access\": [\"read\"]}"), SM_INVALID, 2, 21, "a path pattern starts with / or ${VARIABLE}" },
	{ FILES("{\"path\": \"/a/\", \"access\": [\"read\"]}"), SM_INVALID, 2, 21, "path is not canonical" },
	{ FILES("{\"path\": \"/a/../b\", \"access\": [\"read\"]}"), SM_INVALID, 2, 21, "path is not canonical" },
	{ FILES("{\"path\": \"/a/x**\", \"access\": [\"read\"]}"), SM_INVALID, 2, 21, "** must be a whole path component" },
	{ FILES("{\"path\": \"/**/a/**/b/**\", \"access\": [\"read\"]}"), SM_INVALID, 2, 21, "more than 2 ** or <tree> in one pattern" },
	{ FILES("{\"path\": \"/a/x<tree>\", \"access\": [\"read\"]}"), SM_INVALID, 2, 21, "<tree> must be a whole path component" },
	{ FILES("{\"path\": \"/a/<itn>\", \"access\": [\"read\"]}"), SM_INVALID, 2, 21, "unknown token at byte 4 of the pattern" },
	{ FILES("{\"path\": \"/a/<path:/b>\", \"access\": [\"read\"]}"), SM_INVALID, 2, 21, "<path:/b> cannot stand in this pattern" },
	{ FILES("{\"path\": \"/a/${APP}\", \"access\": [\"read\"]}"), SM_INVALID, 2, 21, "${APP} must be the start of a path pattern" },
	{ FILES("{\"path\": \"${app}/x\", \"access\": [\"read\"]}"), SM_INVALID, 2, 21, "bad variable at byte 1" },
	{ FILES("{\"path\": \"/a\\\\\", \"access\": [\"read\"]}"), SM_INVALID, 2, 21, "the pattern ends with a lone \\" },
	{ FILES("{\"path\": \"\", \"access\": [\"read\"]}"), SM_INVALID, 2, 21, "empty path pattern" },
	{ FILES("{\"path\": \"/a\", \"access\": [\"read\"], \"by\": []}"), SM_INVALID, 2, 53, "by must not be empty" },
	{ FILES("{\"path\": \"/a\", \"access\": [\"read\"], \"by\": [\"a b\"]}"), SM_INVALID, 2, 54, "\"a b\" is no principal" },
	{ FILES("{\"path\": \"/a\", \"access\": [\"read\"], \"by\": [\"a\",\"a\"]}"), SM_INVALID, 2, 58, "\"a\" stands twice" },
	{ FILES("{\"path\": \"/a\", \"access\": [\"read\"], \"via\": [\"car\"]}"), SM_INVALID, 2, 55, "unknown via \"car\"" },
	{ FILES("{\"path\": \"/a\", \"access\": [\"read\"], \"seen\": -1}"), SM_SYNTAX, 2, 55, "seen must be a whole number" },
	{ FILES("{\"id\": \"a b\", \"path\": \"/a\", \"access\": [\"read\"]}"), SM_INVALID, 2, 19, "an id is 1 to 64 letters" },
	{ FILES("{\"id\": \"f\", \"path\": \"/a\", \"access\": [\"read\"]},\n{\"id\": \"f\", \"path\": \"/b\", \"access\": [\"read\"]}"), SM_INVALID, 3, 8, "id \"f\" stands twice; first on line 2" },
	{ NET("{\"connect\": \"a\"}"), SM_INVALID, 2, 26, "\"a\" is no HOST:PORT" },
	{ NET("{\"connect\": \"a:65536\"}"), SM_INVALID, 2, 26, "\"a:65536\" is no HOST:PORT" },
	{ NET("{\"connect\": \"a:90-80\"}"), SM_INVALID, 2, 26, "\"a:90-80\" is no HOST:PORT" },
	{ NET("{\"connect\": \"a:80-\"}"), SM_INVALID, 2, 26, "\"a:80-\" is no HOST:PORT" },
	{ NET("{\"connect\": \"::1:80\"}"), SM_INVALID, 2, 26, "write IPv6 addresses in brackets" },
	{ NET("{\"bind\": \":8000\"}"), SM_INVALID, 2, 23, "\":8000\" has no HOST; any address is 0.0.0.0 or [::]" },
	{ NET("{\"bind\": \"[]:8000\"}"), SM_INVALID, 2, 23, "\"[]:8000\" has no HOST" },
	{ NET("{\"connect\": \"a:1\", \"bind\": \"b:1\"}"), SM_INVALID, 2, 33, "a rule has one of \"connect\" and \"bind\"" },
	{ NET("{\"socket\": \"tpc\"}"), SM_INVALID, 2, 25, "socket is one of tcp" },
	{ PROC("{\"exec\": \"git\"}"), SM_INVALID, 2, 25, "a path pattern starts with /" },
	{ PROC("{\"exec\": \"/a\", \"argv\": [\"*\", \"x\"]}"), SM_INVALID, 2, 39, "argv number 1: * stands for further words" },
	{ PROC("{\"exec\": \"/a\", \"argv\": [\"<word>\"]}"), SM_INVALID, 2, 39, "argv number 1: argv[0] cannot be an open slot" },
	{ PROC("{\"exec\": \"/a\", \"argv\": [\"a\", \"<path:/x>y\"]}"), SM_INVALID, 2, 39, "argv number 2: <path:...> must end its word" },
	{ PROC("{\"exec\": \"/a\", \"argv\": [\"<option:a|b>...\"]}"), SM_INVALID, 2, 39, "argv number 1: argv[0] is one word" },
	{ PROC("{\"exec\": \"/a\", \"argv\": [\"a\", \"<word>...\", \"<int>...\"]}"), SM_INVALID, 2, 39, "argv number 3: one argument only may have ..." },
	{ PROC("{\"exec\": \"/a\", \"argv\": [\"a\", \"<word>...\", \"*\"]}"), SM_INVALID, 2, 39, "argv number 2: one argument only may have ..." },
	{ PROC("{\"exec\": \"/a\", \"argv\": [\"a\", \"<wrod>...\"]}"), SM_INVALID, 2, 39, "argv number 2: unknown token" },
	{ PROC("{\"exec\": \"/a\", \"argv\": [\"[-a]\"]}"), SM_INVALID, 2, 39, "argv number 1: argv[0] is no option" },
	{ PROC("{\"exec\": \"/a\", \"argv\": [\"a\", \"[-a <word>...]\"]}"), SM_INVALID, 2, 39, "argv number 2: a word of an option is one word" },
	{ PROC("{\"exec\": \"/a\", \"argv\": [\"a\", \"[-a *]\"]}"), SM_INVALID, 2, 39, "argv number 2: a word of an option is one word" },
	{ PROC("{\"exec\": \"/a\", \"argv\": [\"a\", \"[-a <wrod>]\"]}"), SM_INVALID, 2, 39, "argv number 2: unknown token" },
	{ PROC("{\"shell\": \"x [-a <word>...]\"}"), SM_INVALID, 2, 26, "a word of an option is one word" },
	{ PROC("{\"shell\": \"<word>... x\"}"), SM_INVALID, 2, 26, "a command in a shell line cannot be a slot" },
	{ PROC("{\"shell\": \"x <word>... > <int>...\"}"), SM_INVALID, 2, 26, "one word only of a shell line" },
	{ PROC("{\"shell\": \"a <path:/b/**>*\"}"), SM_INVALID, 2, 26, "<path:...> must end its word" },
	{ PROC("{\"shell\": \"<word> x\"}"), SM_INVALID, 2, 26, "a command in a shell line cannot be a slot" },
	{ PROC("{\"shell\": \"a; eval <word>\"}"), SM_INVALID, 2, 26, "a command in a shell line cannot be a slot" },
	{ PROC("{\"shell\": \"x=$(<word> y)\"}"), SM_INVALID, 2, 26, "a command in a shell line cannot be a slot" },
	{ PROC("{\"shell\": \"x=$(y=<word>)\"}"), SM_INVALID, 2, 26, "a command in a shell line cannot be a slot" },
	{ PROC("{\"shell\": \"x=$(y <word>); $x\"}"), SM_INVALID, 2, 26, "a word of a substitution cannot be a slot" },
	{ PROC("{\"shell\": \"x=$(y <word>); eval z $x\"}"), SM_INVALID, 2, 26, "a word of a substitution cannot be a slot" },
	{ PROC("{\"shell\": \"LD_PRELOAD=<word> x\"}"), SM_INVALID, 2, 26, "a command in a shell line cannot be a slot" },
	{ PROC("{\"shell\": \"x\", \"argv\": [\"x\"]}"), SM_INVALID, 2, 39, "argv goes with exec only" },
	{ PROC("{\"signal\": \"me\"}"), SM_INVALID, 2, 27, "signal is one of" },
	{ CODE("{\"load\": \"requests\"}"), SM_INVALID, 2, 20, "load must be \"stdlib\"" },
	{ CODE("{\"load\": \"distribution:a/b\"}"), SM_INVALID, 2, 20, "load must be" },
	{ CODE("{\"exec\": \"/a.py\"}"), SM_INVALID, 2, 20, "code exec names look like" },
	{ P "\"pickles\": [{\"class\": \"\"}]}", SM_INVALID, 2, 23, "empty name" },
	{ P "\"deny\": [{\"path\": \"/a\", \"argv\": [\"x\"]}]}", SM_INVALID, 2, 33, "\"argv\" does not go with \"path\"" },
	{ P "\"variables\": {\"app\": \"/a\"}}", SM_INVALID, 2, 15, "variables are named like APP" },
	{ P "\"variables\": {\"A\": \"/a\", \"A\": \"/b\"}}", SM_INVALID, 2, 26, "variable \"A\" stands twice" },
	{ P "\"variables\": {\"A\": \"a\"}}", SM_INVALID, 2, 20, "a variable is an absolute path" },
	{ P "\"variables\": {\"A\": []}}", SM_INVALID, 2, 20, "a variable needs a value" },
	{ P "\"use\": [\"python\"]}", SM_INVALID, 2, 9, "there is no bundle \"python\"; one of " },
	{ P "\"modes\": {\"file\": \"off\"}}", SM_INVALID, 2, 11, "unknown key \"file\" in modes; one of files, " },
	{ P "\"modes\": {\"files\": \"on\"}}", SM_INVALID, 2, 20, "unknown mode \"on\"" },
	{ P "\"modes\": {\"files\": \"off\", \"files\": \"off\"}}", SM_INVALID, 2, 27, "key \"files\" stands twice" },
	{ P "\"review\": [{\"id\": \"f9\", \"reason\": \"x\"}]}", SM_INVALID, 2, 12, "review of \"f9\": no rule has this id" },
	{ P "\"review\": [{\"id\": \"f9\"}]}", SM_INVALID, 2, 12, "a review entry has id and reason" },
	{ P "\"x\\q\": 1}", SM_SYNTAX, 2, 3, "unknown escape in a string" },
	{ P "\"x\\u12g4\": 1}", SM_SYNTAX, 2, 3, "\\u needs four hexadecimal digits" },
	{ P "\"x\\u0000\": 1}", SM_INVALID, 2, 3, "\\u0000 cannot stand in a policy" },
	{ P "\"x\\ud800y\": 1}", SM_SYNTAX, 2, 3, "lone surrogate" },
	{ P "\"x\ty\": 1}", SM_SYNTAX, 2, 3, "a control character in a string must be escaped" },
	{ P "\"x\xff\": 1}", SM_SYNTAX, 2, 1, "the string is not UTF-8" },
	{ P "\"\xc3\xa4\xc3\xa4\" : 1, 2}", SM_INVALID, 2, 1, "unknown key" },
	{ P "\"use\": [\"\xc3\xa4\", 7]}", SM_INVALID, 2, 9, "there is no bundle" },
	{ P "\"variables\": {\"A\": \"/\xc3\xa4\xe2\x82\xac\", \"b\": 1}}", SM_INVALID, 2, 27, "variables are named like APP" },
};
/* clang-format on */

#define COUNT(rows) (sizeof(rows) / sizeof(*(rows)))

static void what_is_wrong_is_told_with_line_and_column(void **state)
{
	struct sm_rules *rules;
	struct sm_diag d;
	size_t i, checked = 0;

	(void)state;
	for (i = 0; i < COUNT(refusals); i++) {
		const struct refusal *r = &refusals[i];
		enum sm_status status;

		memset(&d, 0, sizeof(d));
		status = sm_policy_parse(r->text, strlen(r->text), &rules, &d);
		if (status != r->status || d.line != r->line ||
		    d.column != r->column ||
		    strncmp(d.text, r->message, strlen(r->message)))
			fail_msg("%s\ngot %d at %u:%u: %s", r->text, status,
				 d.line, d.column, d.text);
		assert_null(rules);
		checked++;
	}
	assert_int_equal(checked, COUNT(refusals));
}

/* ------------------------------------------------------------- whole texts */

static const char canonical[] =
	"{\n"
	"  \"secmgr\": 1,\n"
	"  \"variables\": {\n"
	"    \"APP\": \"/srv/shop\",\n"
	"    \"SITE\": [\"/a\", \"/b\"]\n"
	"  },\n"
	"  \"use\": [\"python-runtime\"],\n"
	"  \"files\": [\n"
	"    { \"id\": \"f1\", \"path\": "
	"\"${APP}/x\\\"\\udcff\\u0001\xc3\xa4\", "
	"\"access\": [\"read\", \"create\"], \"by\": [\"app\", \"main\"], "
	"\"via\": [\"direct\", \"exec\"], \"seen\": 7 },\n"
	"    { \"path\": \"/y\", \"access\": [\"list\"] }\n"
	"  ],\n"
	"  \"network\": [\n"
	"    { \"id\": \"n1\", \"connect\": \"udp:[::1]:53\" }\n"
	"  ],\n"
	"  \"processes\": [\n"
	"    { \"id\": \"p1\", \"exec\": \"/bin/a\", \"argv\": [\"a\", \"*\"] "
	"},\n"
	"    { \"id\": \"p2\", \"shell\": \"ls <int>\" },\n"
	"    { \"id\": \"p3\", \"signal\": \"other\" }\n"
	"  ],\n"
	"  \"code\": [\n"
	"    { \"id\": \"c1\", \"load\": \"stdlib\" },\n"
	"    { \"id\": \"c2\", \"exec\": \"<string>\" },\n"
	"    { \"id\": \"c3\", \"exec\": \"\" }\n"
	"  ],\n"
	"  \"pickles\": [\n"
	"    { \"id\": \"k1\", \"class\": \"a.B\" }\n"
	"  ],\n"
	"  \"native\": [\n"
	"    { \"id\": \"d1\", \"dlopen\": \"\" },\n"
	"    { \"id\": \"d2\", \"dlsym\": \"x\" }\n"
	"  ],\n"
	"  \"events\": [\n"
	"    { \"id\": \"e1\", \"name\": \"a.b\", \"args\": [] }\n"
	"  ],\n"
	"  \"deny\": [\n"
	"    { \"id\": \"x1\", \"exec\": \"<frozen x>\" },\n"
	"    { \"id\": \"x2\", \"exec\": \"/bin/sh\" },\n"
	"    { \"id\": \"x3\", \"exec\": \"\" },\n"
	"    { \"id\": \"x4\", \"path\": \"/etc/**\" },\n"
	"    { \"id\": \"x5\", \"path\": \"/usr/**\", "
	"\"access\": [\"write\"] }\n"
	"  ],\n"
	"  \"review\": [\n"
	"    { \"id\": \"p1\", \"reason\": \"runs a\" }\n"
	"  ],\n"
	"  \"modes\": { \"files\": \"block\", \"events\": \"warn\" }\n"
	"}\n";

static void canonical_text_prints_as_itself(void **state)
{
	struct sm_rules *rules;
	struct sm_diag diag;
	char *text;
	size_t bytes;

	(void)state;
	if (sm_policy_parse(canonical, strlen(canonical), &rules, &diag))
		fail_msg("%u:%u: %s", diag.line, diag.column, diag.text);
	assert_int_equal(sm_policy_print(rules, &text, &bytes), SM_OK);
	assert_string_equal(text, canonical);
	assert_int_equal(bytes, strlen(canonical));
	free(text);
	sm_rules_free(rules);
}

static void every_shorter_text_is_refused_with_a_place(void **state)
{
	struct sm_rules *rules;
	struct sm_diag diag;
	size_t n, whole = strlen(canonical) - 1; /* without last newline */

	(void)state;
	for (n = 0; n < whole; n++) {
		/* a copy of exact size, so that reading on is seen */
		char *cut = malloc(n + 1);

		memcpy(cut, canonical, n);
		memset(&diag, 0, sizeof(diag));
		assert_int_not_equal(sm_policy_parse(cut, n, &rules, &diag),
				     SM_OK);
		assert_int_not_equal(diag.line, 0);
		assert_int_not_equal(diag.column, 0);
		assert_null(rules);
		free(cut);
	}
}

static void what_we_print_other_json_readers_read(void **state)
{
	struct sm_rules *rules;
	struct sm_diag diag;
	json_error_t error;
	json_t *root;
	char *text, *escape;
	size_t bytes;

	(void)state;
	assert_int_equal(
		sm_policy_parse(canonical, strlen(canonical), &rules, &diag),
		SM_OK);
	assert_int_equal(sm_policy_print(rules, &text, &bytes), SM_OK);
	/* jansson alone refuses lone surrogates, which RFC 8259 permits */
	escape = strstr(text, "\\udcff");
	memcpy(escape, "\\u00ff", 6);
	root = json_loads(text, JSON_REJECT_DUPLICATES, &error);
	if (!root)
		fail_msg("%d: %s", error.line, error.text);
	json_decref(root);
	free(text);
	sm_rules_free(rules);
}

/* A file's name must not make a rule look like another one in a diff. */
static void what_cannot_be_seen_is_spelled_out(void **state)
{
	/* RIGHT-TO-LEFT OVERRIDE, NEL, SOFT HYPHEN, a tag; then an emoji. */
	static const char path[] = "/a\xe2\x80\xae"
				   "gpj.exe\xc2\x85\xc2\xad\xf3\xa0\x80\xa0"
				   "\xf0\x9f\x90\x8d\x7f";
	struct sm_rules *rules = sm_rules_new(), *again;
	struct sm_rule rule = { .family = SM_FAMILY_FILES,
				.access = SM_ACCESS_READ };
	struct sm_diag diag;
	char *text;
	size_t bytes;

	(void)state;
	rule.pattern = sm_str_of(path);
	assert_int_equal(sm_rules_add(rules, &rule), SM_OK);
	assert_int_equal(sm_policy_print(rules, &text, &bytes), SM_OK);
	assert_non_null(strstr(text,
			       "\"/a\\u202egpj.exe\\u0085\\u00ad"
			       "\\udb40\\udc20\xf0\x9f\x90\x8d\\u007f\""));
	assert_int_equal(sm_policy_parse(text, bytes, &again, &diag), SM_OK);
	assert_true(sm_str_equal(again->rules[0].pattern, sm_str_of(path)));
	free(text);
	sm_rules_free(again);
	sm_rules_free(rules);
}

static void shipped_bundles_are_canonical_and_compile(void **state)
{
	const char *const *name;
	struct sm_rules *rules;
	struct sm_diag diag;
	char *text;
	size_t bytes, count = 0;

	(void)state;
	for (name = sm_bundle_names(); *name; name++) {
		const char *shipped = sm_bundle_text(*name);

		if (sm_policy_parse(shipped, strlen(shipped), &rules, &diag))
			fail_msg("%s:%u:%u: %s", *name, diag.line, diag.column,
				 diag.text);
		assert_int_equal(sm_policy_print(rules, &text, &bytes), SM_OK);
		assert_string_equal(text, shipped);
		free(text);
		sm_rules_free(rules);
		count++;
	}
	assert_int_not_equal(count, 0);
	assert_null(sm_bundle_text("no-such"));
}

static void normalised_rules_do_not_depend_on_their_order(void **state)
{
	static const char *const paths[] = { "/b", "/a", "/c" };
	char *text[2];
	size_t bytes, order, i;

	(void)state;
	for (order = 0; order < 2; order++) {
		struct sm_rules *rules = sm_rules_new();
		struct sm_rule rule = { .family = SM_FAMILY_FILES,
					.access = SM_ACCESS_READ };
		struct sm_str tmp = SM_STR("/tmp"), app = SM_STR("/app");

		for (i = 0; i < 3; i++) {
			rule.pattern = sm_str_of(paths[order ? 2 - i : i]);
			assert_int_equal(sm_rules_add(rules, &rule), SM_OK);
		}
		rule.id = SM_STR("f2"); /* given ids are kept, not reused */
		rule.pattern = SM_STR("/d");
		assert_int_equal(sm_rules_add(rules, &rule), SM_OK);
		assert_int_equal(sm_rules_set_variable(rules,
						       order ? SM_STR("TMP")
							     : SM_STR("APP"),
						       order ? &tmp : &app, 1),
				 SM_OK);
		assert_int_equal(sm_rules_set_variable(rules,
						       order ? SM_STR("APP")
							     : SM_STR("TMP"),
						       order ? &app : &tmp, 1),
				 SM_OK);
		assert_int_equal(sm_policy_normalise(rules), SM_OK);
		assert_int_equal(sm_policy_print(rules, &text[order], &bytes),
				 SM_OK);
		sm_rules_free(rules);
	}
	assert_string_equal(text[0], text[1]);
	assert_non_null(strstr(text[0], "{ \"id\": \"f1\", \"path\": \"/a\""));
	assert_non_null(strstr(text[0], "{ \"id\": \"f3\", \"path\": \"/b\""));
	free(text[0]);
	free(text[1]);
}

/* ---------------------------------------------------------------- findings */

struct heard {
	char text[2000];
};

static void hear(void *context, const struct sm_diag *diag)
{
	struct heard *h = context;
	size_t n = strlen(h->text);

	snprintf(h->text + n, sizeof(h->text) - n, "%u: %s\n", diag->line,
		 diag->text);
}

static void check(const char *text, struct heard *heard)
{
	struct sm_rules *rules;
	struct sm_diag diag;

	assert_int_equal(sm_policy_parse(text, strlen(text), &rules, &diag),
			 SM_OK);
	assert_int_equal(sm_policy_check(rules, NULL, 0, hear, heard, &diag),
			 SM_OK);
	sm_rules_free(rules);
}

static void superfluous_rules_are_told(void **state)
{
	static const char text[] =
		P "\"files\": [\n"
		  "{\"id\": \"a\", \"path\": \"/d/**\", \"access\": "
		  "[\"read\", \"create\"]},\n"
		  "{\"id\": \"b\", \"path\": \"/d/x/y\", \"access\": "
		  "[\"write\"]},\n"
		  "{\"id\": \"c\", \"path\": \"/d/x/y\", \"access\": "
		  "[\"delete\"]},\n"
		  "{\"id\": \"d\", \"path\": \"/d\", \"access\": [\"read\"]},\n"
		  "{\"id\": \"e\", \"path\": \"/d\", \"access\": [\"read\"]},\n"
		  "{\"id\": \"f\", \"path\": \"/d/z\", \"access\": [\"read\"], "
		  "\"by\": [\"foreign\"]},\n"
		  "{\"id\": \"g\", \"path\": \"/no/x\", \"access\": "
		  "[\"read\"]}],\n"
		  "\"deny\": [{\"id\": \"x\", \"path\": \"/no/**\"}],\n"
		  "\"modes\": {\"network\": \"block\"}}";
	struct heard heard = { "" };

	(void)state;
	check(text, &heard);
	assert_string_equal(
		heard.text,
		"4: rule \"b\" adds nothing to \"a\" (line 3, column 1)\n"
		"7: rule \"e\" adds nothing to \"d\" (line 6, column 1)\n"
		"9: rule \"g\" never applies: denied by \"x\" (line 10, "
		"column 10)\n"
		"0: mode block for network, but no rule grants any\n");
}

static void rules_for_events_nothing_denies_are_told(void **state)
{
	static const char text[] =
		P "\"events\": [{\"id\": \"a\", \"name\": \"builtins.id\"},\n"
		  "{\"id\": \"b\", \"name\": \"sys.excepthook\"}],\n"
		  "\"deny\": [{\"id\": \"c\", \"name\": \"sys._getframe\"},\n"
		  "{\"id\": \"d\", \"name\": \"sys.excepthook\"},\n"
		  "{\"id\": \"e\", \"name\": \"os.fork\"}]}";
	struct heard heard = { "" };

	(void)state;
	check(text, &heard);
	assert_non_null(strstr(heard.text, "rule \"a\" never applies: such "
					   "events are counted"));
	assert_null(strstr(heard.text, "rule \"b\" only"));
	assert_non_null(strstr(heard.text, "rule \"c\" never applies"));
	assert_non_null(strstr(heard.text, "rule \"d\" only warns"));
	assert_null(strstr(heard.text, "\"e\""));
}

/* Each place is found from the one before: 40,000 rules take no minutes. */
static void lines_of_many_rules_are_counted_once(void **state)
{
	const size_t count = 40000, room = count * 64;
	char *text = malloc(room);
	struct sm_rules *rules;
	struct sm_diag diag;
	size_t n = 0, i;

	(void)state;
	assert_non_null(text);
	n = (size_t)snprintf(text, room, "%s\"files\": [", P);
	for (i = 0; i < count; i++)
		n += (size_t)snprintf(text + n, room - n,
				      "%s%s{\"path\": \"/d/%zu\", \"access\": "
				      "[\"read\"]}",
				      i ? "," : "", i % 4 ? "" : "\n", i);
	snprintf(text + n, room - n, "]}");
	alarm(20);
	assert_int_equal(sm_policy_parse(text, strlen(text), &rules, &diag),
			 SM_OK);
	alarm(0);
	assert_int_equal(rules->rules[count - 4].line, 2 + count / 4);
	assert_int_equal(rules->rules[count - 4].column, 1);
	assert_int_equal(rules->rules[3].line, 3);
	assert_int_equal(rules->rules[3].column,
			 1 + 3 * strlen("{\"path\": \"/d/0\", \"access\": "
					"[\"read\"]},"));
	sm_rules_free(rules);
	free(text);
}

/* ------------------------------------------------------------------- schema */

/* Names of the properties of one definition, as "a b c". */
static void join_properties(json_t *object, char *out, size_t room)
{
	const char *key;
	json_t *value;

	*out = 0;
	json_object_foreach(object, key, value)
	{
		strncat(out, key, room - strlen(out) - 2);
		strcat(out, " ");
	}
}

static const char *const key_names[] = {
#define SM_KEY(id, name, sections, is_subject) name,
#include "schema/policy/keys.def"
#undef SM_KEY
};

static const char *const key_sections[] = {
#define SM_KEY(id, name, sections, is_subject) sections,
#include "schema/policy/keys.def"
#undef SM_KEY
};

static void check_section(json_t *root, int family)
{
	json_t *definition =
		json_object_get(json_object_get(json_object_get(root, "$defs"),
						sm_family_name(family)),
				"properties");
	char names[500];
	size_t i, found = 0;

	assert_non_null(definition);
	join_properties(definition, names, sizeof(names));
	for (i = 0; i < COUNT(key_names); i++) {
		bool is_ours = strchr(key_sections[i], "fnpckde"[family]);
		bool is_theirs = json_object_get(definition, key_names[i]);

		if (is_ours != is_theirs)
			fail_msg("%s.%s: parser %d, schema %d (%s)",
				 sm_family_name(family), key_names[i], is_ours,
				 is_theirs, names);
		found += is_ours;
	}
	assert_int_equal(found, json_object_size(definition));
}

static void the_json_schema_knows_the_parsers_keys(void **state)
{
	json_error_t error;
	json_t *root = json_load_file("schema/policy.schema.json",
				      JSON_REJECT_DUPLICATES, &error);
	json_t *top, *access;
	int family;
	size_t i;

	(void)state;
	if (!root)
		fail_msg("%d: %s", error.line, error.text);
	top = json_object_get(root, "properties");
	assert_int_equal(json_object_size(top), SM_FAMILIES + 6);
	for (family = 0; family < SM_FAMILIES; family++) {
		assert_non_null(json_object_get(top, sm_family_name(family)));
		check_section(root, family);
	}
	access = json_object_get(
		json_object_get(json_object_get(root, "$defs"), "access"),
		"enum");
	for (i = 0; i < json_array_size(access); i++)
		assert_int_not_equal(
			sm_access_find(SM_FAMILY_FILES,
				       sm_str_of(json_string_value(
					       json_array_get(access, i)))),
			0);
	assert_int_equal(json_array_size(access), 8);
	json_decref(root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_wrong_is_told_with_line_and_column),
		cmocka_unit_test(canonical_text_prints_as_itself),
		cmocka_unit_test(every_shorter_text_is_refused_with_a_place),
		cmocka_unit_test(what_we_print_other_json_readers_read),
		cmocka_unit_test(what_cannot_be_seen_is_spelled_out),
		cmocka_unit_test(shipped_bundles_are_canonical_and_compile),
		cmocka_unit_test(normalised_rules_do_not_depend_on_their_order),
		cmocka_unit_test(superfluous_rules_are_told),
		cmocka_unit_test(rules_for_events_nothing_denies_are_told),
		cmocka_unit_test(lines_of_many_rules_are_counted_once),
		cmocka_unit_test(the_json_schema_knows_the_parsers_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
