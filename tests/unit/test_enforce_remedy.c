/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is proposed for a denied event is what it passes with, or nothing.
 */
#include "tests/unit/policy_fixture.h"

#include "tools/enforce_remedy.h"

#define EMPTY "{\"secmgr\": 1}"
#define LIB                                                                    \
	"{\"secmgr\": 1, \"variables\": {\"STDLIB\": \"/usr/lib/python3.11\"," \
	" \"SITE\": \"/usr/lib/python3/dist-packages\"}, "                     \
	"\"use\": [\"python-runtime\"]"

static void expect(const char *policy, const struct staged *s,
		   const char *wanted)
{
	char *told = enforce_remedy(policy, NULL, 0, &s->event);

	if (wanted) {
		assert_non_null(told);
		assert_string_equal(told, wanted);
	} else {
		assert_null(told);
	}
	free(told);
}

static void stage_open(struct staged *s, const char *path, enum sm_via via,
		       const char *principal)
{
	stage(s, "open", principal);
	s->event.site.via = via;
	push_arg(s, text_value(path));
	push_arg(s, text_value("r"));
	push_arg(s, int_value(0));
}

static void what_the_interpreter_needs_is_a_bundle(void **state)
{
	struct staged s;

	(void)state;
	stage_open(&s, "/usr/lib/python3.11/os.py", SM_VIA_IMPORT, "python");
	expect(EMPTY, &s,
	       "load /usr/lib/python3.11/os.py by python via import: no rule "
	       "covers it; add \"python-runtime\" to \"use\", with \"STDLIB\" "
	       "and \"SITE\" among the \"variables\"");
	expect("{\"secmgr\": 1, \"variables\": {\"STDLIB\": "
	       "\"/usr/lib/python3.11\", \"SITE\": \"/s\"}}",
	       &s,
	       "load /usr/lib/python3.11/os.py by python via import: no rule "
	       "covers it; add \"python-runtime\" to \"use\"");
	expect(LIB "}", &s, NULL);
}

static void what_the_program_needs_is_a_literal_rule(void **state)
{
	struct staged s;

	(void)state;
	stage_open(&s, "/srv/shop/app.py", SM_VIA_EXEC, "python");
	expect(LIB "}", &s,
	       "load /srv/shop/app.py by python via exec: no rule covers it; "
	       "add { \"load\": \"/srv/shop/app.py\" } to \"code\"");
	stage_open(&s, "/etc/a*b<c$d\\e", SM_VIA_DIRECT, "python");
	expect(LIB "}", &s,
	       "read /etc/a*b<c$d\\e by python: no rule covers it; add "
	       "{ \"path\": \"/etc/a\\\\*b\\\\<c\\\\$d\\\\\\\\e\", \"access\": "
	       "[\"read\"], \"by\": [\"python\"] } to \"files\"");
	stage(&s, "os.rename", "python");
	push_arg(&s, text_value("/a"));
	push_arg(&s, text_value("/b"));
	push_arg(&s, int_value(-1));
	push_arg(&s, int_value(-1));
	expect(LIB "}", &s,
	       "delete /a by python: no rule covers it; add { \"path\": "
	       "\"/a\", "
	       "\"access\": [\"delete\"], \"by\": [\"python\"] } to \"files\", "
	       "add { \"path\": \"/b\", \"access\": [\"write\", \"create\"], "
	       "\"by\": "
	       "[\"python\"] } to \"files\"");
}

static void what_no_rule_helps_is_only_explained(void **state)
{
	char words[] = "ls -l";
	struct staged s;

	(void)state;
	stage_open(&s, "/srv/shop/app.py", SM_VIA_EXEC, "python");
	expect(LIB ", \"deny\": [{\"id\": \"never\", \"load\": "
		   "\"/srv/shop/*\"}]}",
	       &s, "load /srv/shop/app.py by python via exec: denied by never");
	expect(LIB ", \"files\": [{\"id\": \"w\", \"path\": \"/srv/shop/*\", "
		   "\"access\": [\"write\"]}], \"code\": [{\"id\": \"l\", "
		   "\"load\": \"/srv/shop/*.py\"}]}",
	       &s,
	       "load /srv/shop/app.py by python via exec: the program may "
	       "write there: w");
	stage(&s, "os.exec", "python");
	push_arg(&s, text_value("/bin/ls"));
	push_words(&s, words);
	expect(LIB "}", &s, "exec /bin/ls by python: no rule covers it");
}

static void what_is_not_denied_needs_nothing(void **state)
{
	struct staged s;

	(void)state;
	stage_open(&s, "/etc/x", SM_VIA_DIRECT, "python");
	expect(LIB ", \"modes\": {\"files\": \"warn\"}}", &s, NULL);
	expect(LIB ", \"modes\": {\"files\": \"off\"}}", &s, NULL);
	expect("no policy", &s, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_the_interpreter_needs_is_a_bundle),
		cmocka_unit_test(what_the_program_needs_is_a_literal_rule),
		cmocka_unit_test(what_no_rule_helps_is_only_explained),
		cmocka_unit_test(what_is_not_denied_needs_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
