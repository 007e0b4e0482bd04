/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a rule for a name allows: by the names an address was the answer for,
 * and by the kind of address a name leads to.
 */
#include "tests/unit/policy_fixture.h"

static const char text[] =
	"{ \"secmgr\": 1, \"network\": [\n"
	"  { \"id\": \"api\", \"connect\": \"api.example.com:443\" },\n"
	"  { \"id\": \"cdn\", \"connect\": \"*.cdn.net:443\" },\n"
	"  { \"id\": \"dns\", \"connect\": \"udp:dns.lan:53\" },\n"
	"  { \"id\": \"local\", \"connect\": \"localhost:5432\" },\n"
	"  { \"id\": \"own\", \"connect\": \"db.test@loopback:5432\" },\n"
	"  { \"id\": \"meta\", \"connect\": \"169.254.169.254:80\" },\n"
	"  { \"id\": \"net\", \"connect\": \"10.0.0.0/8:22\" },\n"
	"  { \"id\": \"lib\", \"connect\": \"pypi.org:443\", \"by\": [\"pip\"] "
	"}\n"
	"  ], \"deny\": [\n"
	"  { \"id\": \"bad\", \"connect\": \"evil.cdn.net:*\" },\n"
	"  { \"id\": \"badnet\", \"connect\": \"203.0.113.0/24:*\" } ] }";

struct row {
	const char *host;
	int port;
	const char *address, *names; /* resolved[0], resolved[1] */
	enum sm_reason reason;
	const char *rule;
};

#define OK(host, port, address, names, rule)                                   \
	{                                                                      \
		host, port, address, names, SM_REASON_NONE, rule               \
	}
#define NO(host, port, address, names, reason, rule)                           \
	{                                                                      \
		host, port, address, names, SM_REASON_##reason, rule           \
	}

static const struct row rows[] = {
	/* an address, by the names it was the answer for */
	OK("93.184.216.34", 443, "", "api.example.com", "api"),
	OK("93.184.216.34", 443, "", "a.test api.example.com z.test", "api"),
	OK("93.184.216.34", 443, "", "API.Example.com", "api"),
	OK("10.1.2.3", 443, "", "api.example.com", "api"),
	OK("2606:2800:220:1::", 443, "", "img.cdn.net", "cdn"),
	NO("93.184.216.34", 443, "", "", NO_RULE, ""),
	NO("93.184.216.34", 443, "", "api.example.com.evil.org", NO_RULE, ""),
	NO("93.184.216.34", 443, "", "xapi.example.com", NO_RULE, ""),
	NO("93.184.216.34", 80, "", "api.example.com", ARGUMENTS, "api"),
	NO("93.184.216.34", 53, "", "dns.lan", ARGUMENTS, "dns"),
	NO("93.184.216.34", 443, "", "pypi.org", PRINCIPAL, "lib"),
	OK("10.1.2.3", 22, "", "whatever.test", "net"),
	/* a name for the machine's own, for metadata, for nobody in particular
	 */
	NO("127.0.0.1", 443, "", "api.example.com", ADDRESS, "api"),
	NO("::1", 443, "", "api.example.com", ADDRESS, "api"),
	NO("0.0.0.0", 443, "", "api.example.com", ADDRESS, "api"),
	NO("::ffff:127.0.0.1", 443, "", "api.example.com", ADDRESS, "api"),
	NO("169.254.169.254", 443, "", "api.example.com", ADDRESS, "api"),
	NO("64:ff9b::a9fe:a9fe", 443, "", "api.example.com", ADDRESS, "api"),
	NO("fe80::1%eth0", 443, "", "api.example.com", ADDRESS, "api"),
	NO("fd00:ec2::254", 443, "", "api.example.com", ADDRESS, "api"),
	NO("224.0.0.1", 443, "", "api.example.com", ADDRESS, "api"),
	OK("169.254.169.254", 80, "", "api.example.com", "meta"),
	OK("169.254.169.254", 80, "", "", "meta"),
	/* what is meant for this machine is for nowhere else */
	OK("127.0.0.1", 5432, "", "db.test", "local"),
	OK("127.0.0.1", 5432, "", "", "local"),
	OK("::1", 5432, "", "", "local"),
	OK("127.0.0.7", 5432, "", "localhost", "local"),
	NO("127.0.0.1", 5433, "", "db.test", ARGUMENTS, "local"),
	NO("93.184.216.34", 5432, "", "db.test", NO_RULE, ""),
	NO("93.184.216.34", 5432, "", "localhost", ADDRESS, "local"),
	NO("93.184.216.34", 5432, "", "x.localhost", NO_RULE, ""),
	/* a socket given a name, which the C library looked up */
	OK("api.example.com", 443, "93.184.216.34", "api.example.com", "api"),
	OK("api.example.com", 443, "10.0.0.7", "", "api"),
	OK("api.example.com", 443, "", "", "api"),
	NO("api.example.com", 443, "127.0.0.1", "", ADDRESS, "api"),
	NO("api.example.com", 443, "169.254.169.254", "", ADDRESS, "api"),
	OK("other.test", 443, "93.184.216.34", "api.example.com", "api"),
	OK("other.test", 22, "10.0.0.7", "", "net"),
	OK("db.test", 5432, "127.0.0.1", "", "local"),
	NO("db.test", 5432, "93.184.216.34", "", NO_RULE, ""),
	NO("db.test@loopback", 5432, "93.184.216.34", "", NO_RULE, ""),
	/* deny rules see every name and address */
	NO("93.184.216.34", 443, "", "evil.cdn.net img.cdn.net", DENY_RULE,
	   "bad"),
	NO("127.0.0.1", 5432, "", "evil.cdn.net", DENY_RULE, "bad"),
	NO("evil.cdn.net", 443, "", "", DENY_RULE, "bad"),
	NO("203.0.113.9", 443, "", "api.example.com", DENY_RULE, "badnet"),
	NO("api.example.com", 443, "203.0.113.9", "", DENY_RULE, "badnet"),
};

static void stage_row(struct staged *s, const struct row *r)
{
	memset(s, 0, sizeof(*s));
	s->items[0] = text_value(r->host);
	s->items[1] = (struct sm_value){ .type = SM_INT };
	s->items[1].i = r->port;
	s->args[0] = text_value("tcp");
	s->args[1] =
		(struct sm_value){ .type = SM_LIST, .len = 2, .full_len = 2 };
	s->args[1].items = s->items;
	s->event.site.event = SM_STR("socket.connect");
	s->event.site.kind = SM_EVENT_SOCKET_CONNECT;
	s->event.site.principal.kind = SM_PRINCIPAL_PYTHON;
	s->event.site.principal.name = SM_STR("python");
	s->event.args = s->args;
	s->event.argc = 2;
	s->event.resolved[0] = sm_str_of(r->address);
	s->event.resolved[1] = sm_str_of(r->names);
}

static void an_address_is_allowed_by_its_names(void **state)
{
	struct compiled c = compile_text(text);

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct row *r = &rows[i];
		struct sm_verdict v;
		struct staged s;

		stage_row(&s, r);
		sm_policy_decide(&c.policy, &s.event, &v);
		if (v.reason != r->reason ||
		    !sm_str_equal(v.rule, sm_str_of(r->rule)))
			fail_msg("%s:%d (%s; %s): %s %.*s", r->host, r->port,
				 r->address, r->names, sm_reason_name(v.reason),
				 (int)v.rule.len, v.rule.p);
	}
	compiled_free(&c);
}

static enum sm_decision decide_resolve(const struct compiled *c,
				       const char *name)
{
	struct sm_verdict v;
	struct staged s;

	memset(&s, 0, sizeof(s));
	s.args[0] = text_value(name);
	s.event.site.event = SM_STR("socket.getaddrinfo");
	s.event.site.kind = SM_EVENT_SOCKET_GETADDRINFO;
	s.event.site.principal.kind = SM_PRINCIPAL_PYTHON;
	s.event.args = s.args;
	s.event.argc = 1;
	sm_policy_decide(&c->policy, &s.event, &v);
	return v.decision;
}

static void who_may_connect_may_ask_for_the_address(void **state)
{
	struct compiled c = compile_text(text);

	(void)state;
	assert_int_equal(decide_resolve(&c, "api.example.com"), SM_ALLOWED);
	assert_int_equal(decide_resolve(&c, "DB.test"), SM_ALLOWED);
	assert_int_equal(decide_resolve(&c, "localhost"), SM_ALLOWED);
	assert_int_equal(decide_resolve(&c, "dns.lan"), SM_ALLOWED);
	assert_int_equal(decide_resolve(&c, "db.test@loopback"), SM_DENIED);
	assert_int_equal(decide_resolve(&c, "other.test"), SM_DENIED);
	compiled_free(&c);
}

static void a_denial_tells_name_and_address(void **state)
{
	struct compiled c = compile_text(text);
	struct row r = NO("api.example.com", 443, "127.0.0.1", "", ADDRESS, "");
	struct sm_verdict v;
	struct staged s;
	char why[256];

	(void)state;
	stage_row(&s, &r);
	sm_policy_decide(&c.policy, &s.event, &v);
	sm_verdict_explain(&s.event, &v, why, sizeof(why));
	assert_string_equal(
		why, "connect api.example.com:443 (127.0.0.1) by python: no "
		     "rule covers it; nearest api is not for where its name "
		     "leads");
	r = (struct row)NO("127.0.0.1", 443, "", "api.example.com b.test",
			   ADDRESS, "");
	stage_row(&s, &r);
	sm_policy_decide(&c.policy, &s.event, &v);
	sm_verdict_explain(&s.event, &v, why, sizeof(why));
	assert_non_null(strstr(why, "127.0.0.1:443 (api.example.com b.test) "));
	compiled_free(&c);
}

static void a_place_is_loopback_and_for_connecting(void **state)
{
	static const char *const wrong[] = {
		"{\"connect\": \"a.test@link:80\"}",
		"{\"connect\": \"a.test@loopback@loopback:80\"}",
		"{\"connect\": \"a.test@:80\"}",
		"{\"bind\": \"a.test@loopback:80\"}",
		"{\"resolve\": \"a.test@loopback\"}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		struct sm_rules *rules = NULL;
		struct sm_diag diag = { 0 };
		char json[160];

		snprintf(json, sizeof(json),
			 "{ \"secmgr\": 1, \"network\": [ %s ] }", wrong[i]);
		if (!sm_policy_parse(json, strlen(json), &rules, &diag))
			fail_msg("%s was taken", wrong[i]);
		assert_non_null(strstr(diag.text, "NAME@loopback"));
		sm_rules_free(rules);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_address_is_allowed_by_its_names),
		cmocka_unit_test(who_may_connect_may_ask_for_the_address),
		cmocka_unit_test(a_denial_tells_name_and_address),
		cmocka_unit_test(a_place_is_loopback_and_for_connecting),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
