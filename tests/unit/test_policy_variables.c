/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_policy_variables.c: which variables a policy has.
 */
#include "tests/unit/policy_fixture.h"

static void what_could_be_given_a_value_is_known(void **state)
{
	static const char text[] =
		"{ \"secmgr\": 1, \"variables\": {\"APP\": \"/srv\"},\n"
		"  \"use\": [\"tls\"],\n"
		"  \"files\": [{ \"id\": \"f\", \"path\": \"${DATA}/*\",\n"
		"    \"access\": [\"read\"] }] }";
	static const struct {
		const char *name;
		bool is_known;
	} rows[] = {
		{ "APP", true },      { "DATA", true },	 { "HOME", true },
		{ "TMP", true },      { "CWD", true },	 { "STDLIB", true },
		{ "SITE", true },     { "APPP", false }, { "AP", false },
		{ "DATA}/*", false }, { "", false },
	};
	struct sm_rules *rules;
	struct sm_diag diag;

	(void)state;
	assert_int_equal(sm_policy_parse(text, strlen(text), &rules, &diag), 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		bool has;

		assert_int_equal(sm_policy_has_variable(
					 rules, sm_str_of(rows[i].name), &has),
				 SM_OK);
		if (has != rows[i].is_known)
			fail_msg("%s", rows[i].name);
	}
	sm_rules_free(rules);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_could_be_given_a_value_is_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
