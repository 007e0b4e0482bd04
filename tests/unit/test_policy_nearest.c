/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>

#include "tests/unit/policy_fixture.h"

/* clang-format off */
static const char policy_text[] =
"{ \"secmgr\": 1, \"use\": [\"python-runtime\"],\n"
"  \"variables\": { \"APP\": [\"/srv/shop\", \"/opt/a/b/shop\"],\n"
"    \"STDLIB\": \"/usr/lib/python3.11\", \"SITE\": \"/usr/lib/python3/dist-packages\" },\n"
"  \"files\": [\n"
"    { \"id\": \"f1\", \"path\": \"${APP}/data/**\", \"access\": [\"read\"], \"by\": [\"app\"] },\n"
"    { \"id\": \"f2\", \"path\": \"${APP}/data/in/*.csv\", \"access\": [\"write\"], \"by\": [\"app\"] },\n"
"    { \"id\": \"f3\", \"path\": \"/var/log/a.log\", \"access\": [\"write\"], \"by\": [\"app\"] },\n"
"    { \"id\": \"f4\", \"path\": \"/var/log/b.log\", \"access\": [\"read\"], \"by\": [\"app\"] },\n"
"    { \"id\": \"f5\", \"path\": \"/**\", \"access\": [\"meta\"], \"by\": [\"app\"] },\n"
"    { \"id\": \"f6\", \"path\": \"/**\", \"access\": [\"delete\"], \"by\": [\"admin\"] },\n"
"    { \"id\": \"f7\", \"path\": \"/x/<name>\", \"access\": [\"read\"], \"by\": [\"a\"] },\n"
"    { \"id\": \"f8\", \"path\": \"/x/y\", \"access\": [\"read\"], \"by\": [\"b\"] },\n"
"    { \"id\": \"f9\", \"path\": \"/var/spool/app\", \"access\": [\"list\"], \"by\": [\"app\"] }\n"
"  ],\n"
"  \"network\": [ { \"id\": \"n1\", \"bind\": \"*:<port>\", \"by\": [\"app\"] },\n"
"    { \"id\": \"n2\", \"connect\": \"db:5432\", \"by\": [\"app\"] } ],\n"
"  \"processes\": [ { \"id\": \"p1\", \"exec\": \"/usr/bin/git\" } ],\n"
"  \"code\": [ { \"id\": \"c1\", \"load\": \"${APP}/*.py\" } ] }\n";
/* clang-format on */

struct row {
	const char *event, *what, *by;
	int flags;
	enum sm_reason reason;
	const char *rule;
};

#define R O_RDONLY
#define W O_WRONLY

static const struct row rows[] = {
	/* nothing of it: neither an access nor a literal component */
	{ "open", "/etc/passwd", "app", R, SM_REASON_NO_RULE, "" },
	{ "open", "/etc/passwd", "app", W, SM_REASON_NO_RULE, "" },
	{ "open", "/nowhere/x", "app", R, SM_REASON_NO_RULE, "" },
	{ "open", "/", "app", R, SM_REASON_NO_RULE, "" },
	/* the path fits: what is missing is told before other paths are */
	{ "open", "/srv/shop/data/x", "app", W, SM_REASON_ACCESS, "f1" },
	{ "open", "/srv/shop/data/in/a.csv", "flask", W, SM_REASON_PRINCIPAL,
	  "f2" },
	{ "open", "/var/log/a.log", "app", R, SM_REASON_ACCESS, "f3" },
	{ "os.remove", "/srv/shop/data/x", "app", 0, SM_REASON_PRINCIPAL,
	  "f6" },
	/* of two that fit, the more literal one */
	{ "open", "/x/y", "app", R, SM_REASON_PRINCIPAL, "f8" },
	{ "open", "/x/z", "app", R, SM_REASON_PRINCIPAL, "f7" },
	/* it does not: the longest literal start, the access shared */
	{ "open", "/var/log/c.log", "app", W, SM_REASON_NO_RULE, "f3" },
	{ "open", "/var/log/c.log", "app", R, SM_REASON_NO_RULE, "f4" },
	{ "open", "/var/log/c.log", "flask", R, SM_REASON_NO_RULE, "" },
	{ "open", "/var/cache/x", "app", R, SM_REASON_NO_RULE, "f4" },
	{ "open", "/opt/a/b/shop/x", "app", R, SM_REASON_NO_RULE, "f1" },
	/* a list for imports is far from every list of a program */
	{ "os.listdir", "/var/spool", "app", 0, SM_REASON_NO_RULE, "f9" },
	{ "os.listdir", "/etc", "app", 0, SM_REASON_VIA,
	  "python-runtime/import-list" },
	/* programs share their directory with all others */
	{ "os.posix_spawn", "/usr/bin/id", "app", 0, SM_REASON_NO_RULE, "" },
};

static void the_nearest_rule_is_one_a_person_would_edit(void **state)
{
	struct compiled c = compile_text(policy_text);
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct row *r = &rows[i];
		struct sm_value list = { .type = SM_LIST };
		struct sm_verdict v;
		struct staged s;

		stage(&s, r->event, r->by);
		push_arg(&s, text_value(r->what));
		push_arg(&s, strcmp(r->event, "os.posix_spawn")
				     ? (struct sm_value){ .type = SM_NONE }
				     : list);
		push_arg(&s, int_value(r->flags));
		sm_policy_decide(&c.policy, &s.event, &v);
		if (v.decision != SM_DENIED || v.reason != r->reason ||
		    !sm_str_equal(v.rule, sm_str_of(r->rule)))
			fail_msg("%s %s by %s: got %s, %s, rule %.*s", r->event,
				 r->what, r->by, sm_decision_name(v.decision),
				 sm_reason_name(v.reason), (int)v.rule.len,
				 v.rule.p);
	}
	compiled_free(&c);
}

/* The search ends: in a directory of very many rules it may miss one. */
static void the_search_is_bounded(void **state)
{
	size_t room = 200 * 3000, used, i;
	char *text = malloc(room);
	struct sm_verdict v;
	struct compiled c;
	struct staged s;

	(void)state;
	assert_non_null(text);
	used = (size_t)snprintf(text, room, "{ \"secmgr\": 1, \"files\": [");
	for (i = 0; i < 3000; i++)
		used += (size_t)snprintf(
			text + used, room - used,
			"%s{ \"id\": \"f%zu\", \"path\": \"/d/%zu/x\", "
			"\"access\": [\"read\"] }",
			i ? "," : "", i, i);
	snprintf(text + used, room - used, "] }");
	c = compile_text(text);
	free(text);
	stage(&s, "open", "python");
	push_arg(&s, text_value("/d/nothing"));
	push_arg(&s, (struct sm_value){ .type = SM_NONE });
	push_arg(&s, int_value(R));
	for (i = 0; i < 3000; i++)
		sm_policy_decide(&c.policy, &s.event, &v);
	assert_int_equal(v.reason, SM_REASON_NO_RULE);
	stage(&s, "open", "python");
	push_arg(&s, text_value("/d/17/nothing"));
	push_arg(&s, (struct sm_value){ .type = SM_NONE });
	push_arg(&s, int_value(R));
	sm_policy_decide(&c.policy, &s.event, &v);
	assert_true(sm_str_equal(v.rule, SM_STR("f17")));
	compiled_free(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_nearest_rule_is_one_a_person_would_edit),
		cmocka_unit_test(the_search_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
