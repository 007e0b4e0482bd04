/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules are found in a forest, a path walks it once. Here every rule is asked
 * by itself, in the plainest way, and both must name the same one.
 */
#include <fcntl.h>

#include "tests/unit/policy_fixture.h"

#define RULES	 8
#define POLICIES 200
#define DEEP	 4
#define PARTS	 5 /* of a pattern at most */

/* As long as what is hashed at once, and longer. */
#define SIXTEEN "sixteen-letters-"
#define LONG	"sixteen-letters-and-more-of-them"

static const char *const parts[] = { "a",      "b",	"ab",	   "photo-of-7",
				     "*",      "a*",	"**",	   "**",
				     "<int>",  SIXTEEN, "s*-of-7", "<tree>",
				     "<tree>", ".h" };
static const char *const names[] = { "a",	   "b",	    "ab", "7",
				     "photo-of-7", SIXTEEN, LONG, ".h" };

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct pattern {
	const char *parts[PARTS];
	unsigned count;
	char text[160];
	bool is_denial;
	unsigned access; /* of grants[] */
	const char *by;	 /* or NULL */
};

static const struct {
	const char *text;
	uint32_t access, denied;
} grants[] = {
	{ "\"read\"", SM_ACCESS_READ, SM_ACCESS_READ },
	{ "\"create\"", SM_ACCESS_CREATE | SM_ACCESS_WRITE, SM_ACCESS_CREATE },
	{ "\"read\", \"create\"",
	  SM_ACCESS_READ | SM_ACCESS_CREATE | SM_ACCESS_WRITE,
	  SM_ACCESS_READ | SM_ACCESS_CREATE },
};

/* What is asked for, by the flags of an open, and by whom. */
static const struct {
	int flags;
	uint32_t access;
	const char *by;
} asked[] = {
	{ O_RDONLY, SM_ACCESS_READ, "python" },
	{ O_RDONLY, SM_ACCESS_READ, "main" },
	{ O_RDONLY, SM_ACCESS_READ, "foreign" },
	{ O_RDWR | O_CREAT, SM_ACCESS_READ | SM_ACCESS_WRITE | SM_ACCESS_CREATE,
	  "main" },
};

static bool is_depth(const char *part)
{
	return !strcmp(part, "**") || !strcmp(part, "<tree>");
}

/* At most two `**` or <tree>: no policy may have more. */
static void make_pattern(struct pattern *p)
{
	unsigned deep = 0;

	p->count = 1 + next_random(PARTS);
	p->text[0] = '\0';
	for (unsigned i = 0; i < p->count; i++) {
		bool is_deep;

		do {
			p->parts[i] = parts[next_random(COUNT(parts))];
			is_deep = is_depth(p->parts[i]);
		} while (is_deep && (deep == 2 || (i && !strcmp(p->parts[i - 1],
								p->parts[i]))));
		deep += is_deep;
		strcat(strcat(p->text, "/"), p->parts[i]);
	}
}

static void make_rule(struct pattern *p)
{
	static const char *const principals[] = { NULL, "python", "main" };

	make_pattern(p);
	p->is_denial = !next_random(8);
	p->access = next_random(COUNT(grants));
	p->by = principals[next_random(COUNT(principals))];
}

static bool part_matches(const char *part, const char *name)
{
	/* Wildcards open no hidden names. */
	if (name[0] == '.')
		return !strcmp(part, name);
	if (!strcmp(part, "*"))
		return true;
	if (!strcmp(part, "a*"))
		return name[0] == 'a';
	if (!strcmp(part, "s*-of-7"))
		return false; /* of the names here */
	return !strcmp(part, "<int>") ? !strcmp(name, "7")
				      : !strcmp(part, name);
}

static bool matches(const struct pattern *p, unsigned part,
		    const char *const *path, unsigned depth)
{
	if (part == p->count)
		return !depth;
	if (!is_depth(p->parts[part]))
		return depth && part_matches(p->parts[part], path[0]) &&
		       matches(p, part + 1, path + 1, depth - 1);
	/* The last takes something. */
	for (unsigned skipped = 0; skipped <= depth; skipped++) {
		if (skipped && !strcmp(p->parts[part], "<tree>") &&
		    path[skipped - 1][0] == '.')
			return false;
		if ((skipped || part + 1 < p->count) &&
		    matches(p, part + 1, path + skipped, depth - skipped))
			return true;
	}
	return false;
}

static bool is_for(const struct pattern *p, const char *by)
{
	if (p->by)
		return !strcmp(p->by, by);
	return p->is_denial || strcmp(by, "foreign") != 0;
}

/* The rule that decides; RULES: none. *is_allowed: how. */
static unsigned deciding_rule(const struct pattern *patterns,
			      const char *const *path, unsigned depth,
			      unsigned ask, bool *is_allowed)
{
	uint32_t access = asked[ask].access, granted = 0;
	unsigned first = RULES;

	*is_allowed = false;
	for (unsigned i = 0; i < RULES; i++) {
		const struct pattern *p = &patterns[i];
		uint32_t of = p->is_denial ? grants[p->access].denied
					   : grants[p->access].access;

		if (!(of & access) || !is_for(p, asked[ask].by) ||
		    !matches(p, 0, path, depth))
			continue;
		if (p->is_denial)
			return i;
		granted |= of;
		if (first == RULES)
			first = i;
	}
	*is_allowed = !(access & ~granted);
	return *is_allowed ? first : RULES;
}

static void check_path(const struct sm_policy *policy,
		       const struct pattern *patterns, const char *const *path,
		       unsigned depth, unsigned *allowed)
{
	unsigned ask = next_random(COUNT(asked));
	bool is_allowed;
	unsigned expected =
		deciding_rule(patterns, path, depth, ask, &is_allowed);
	struct sm_verdict verdict;
	char text[160] = "", id[16] = "";
	struct staged s;

	for (unsigned i = 0; i < depth; i++)
		strcat(strcat(text, "/"), path[i]);
	stage(&s, "open", asked[ask].by);
	push_arg(&s, text_value(text));
	push_arg(&s, text_value("r"));
	push_arg(&s, int_value(asked[ask].flags));
	sm_policy_decide(policy, &s.event, &verdict);
	if (expected < RULES)
		snprintf(id, sizeof(id), "f%u", expected);
	if (verdict.decision != (is_allowed ? SM_ALLOWED : SM_DENIED) ||
	    (verdict.reason == SM_REASON_DENY_RULE) != (*id && !is_allowed) ||
	    (*id && !sm_str_equal(verdict.rule, sm_str_of(id)))) {
		for (unsigned i = 0; i < RULES; i++)
			print_error("%s f%u %s %s %s\n",
				    patterns[i].is_denial ? "deny" : "allow", i,
				    patterns[i].text,
				    grants[patterns[i].access].text,
				    patterns[i].by ? patterns[i].by : "");
		fail_msg("%x %s by %s: %s %.*s, expected %s %s",
			 asked[ask].access, text, asked[ask].by,
			 sm_decision_name(verdict.decision),
			 (int)verdict.rule.len, verdict.rule.p,
			 is_allowed ? "allowed" : "denied", id);
	}
	*allowed += is_allowed;
}

static unsigned check_paths(const struct sm_policy *policy,
			    const struct pattern *patterns, const char **path,
			    unsigned depth, unsigned *allowed)
{
	unsigned count = 0;

	if (depth) {
		check_path(policy, patterns, path, depth, allowed);
		count = 1;
	}
	for (unsigned i = 0; depth < DEEP && i < COUNT(names); i++) {
		path[depth] = names[i];
		count +=
			check_paths(policy, patterns, path, depth + 1, allowed);
	}
	return count;
}

/* Paths that are not looked up by their starts find the same. */
static void a_long_path_finds_its_rule(void **state)
{
	static const char *const ends[] = { "/x.db", "/end", "/x" };
	static char text[16384], path[SM_PATH_MAX];
	struct sm_verdict verdict;
	struct compiled c;
	struct staged s;
	uint32_t n = 0;

	(void)state;
	while (n < 1100) {
		memcpy(path + n, "/" LONG, sizeof("/" LONG));
		n += sizeof("/" LONG) - 1;
		snprintf(
			text, sizeof(text),
			"{ \"secmgr\": 1, \"files\": ["
			"{ \"id\": \"a\", \"path\": \"%.*s/*.db\", \"access\": "
			"[\"read\"] },"
			"{ \"id\": \"b\", \"path\": \"/**/end\", \"access\": "
			"[\"read\"] } ] }",
			(int)n, path);
		c = compile_text(text);
		for (unsigned i = 0; i < 3; i++) {
			strcpy(path + n, ends[i]);
			stage(&s, "open", "python");
			push_arg(&s, text_value(path));
			push_arg(&s, text_value("r"));
			push_arg(&s, int_value(0));
			sm_policy_decide(&c.policy, &s.event, &verdict);
			assert_int_equal(verdict.decision,
					 i < 2 ? SM_ALLOWED : SM_DENIED);
			if (i < 2)
				assert_int_equal(verdict.rule_index, i);
		}
		compiled_free(&c);
	}
}

/* -------------------------------------------------------------- same ends */

/* Files that differ far from their end, or nowhere near it. */
#define ALIKE 300

static struct compiled compile_alike(const char *tail)
{
	static char text[ALIKE * 256];
	size_t n = (size_t)sprintf(text, "{ \"secmgr\": 1, \"files\": [");

	for (unsigned i = 0; i < ALIKE; i++)
		n += (size_t)sprintf(text + n,
				     "%s{ \"id\": \"f%u\", \"path\": "
				     "\"/opt/%03u%s\", \"access\": "
				     "[\"read\"] }",
				     i ? "," : "", i, i, tail);
	sprintf(text + n, "] }");
	return compile_text(text);
}

/* Where the end of a path tells no rules apart, more of it does. */
static void rules_with_the_same_ends_are_told_apart(void **state)
{
	static const char *const tails[] = {
		"/x", "/settings", "/a/settings.cfg", "/etc/configuration.json",
		"/" LONG "/" LONG "/" LONG "/configuration.json"
	};
	char path[200], id[16];
	struct sm_verdict verdict;
	struct staged s;

	(void)state;
	for (unsigned t = 0; t < COUNT(tails); t++) {
		struct compiled c = compile_alike(tails[t]);

		for (unsigned i = 0; i < ALIKE + 100; i++) {
			snprintf(path, sizeof(path), "/opt/%03u%s", i,
				 tails[t]);
			snprintf(id, sizeof(id), "f%u", i);
			stage(&s, "open", "python");
			push_arg(&s, text_value(path));
			push_arg(&s, text_value("r"));
			push_arg(&s, int_value(0));
			sm_policy_decide(&c.policy, &s.event, &verdict);
			assert_int_equal(verdict.decision,
					 i < ALIKE ? SM_ALLOWED : SM_DENIED);
			if (i < ALIKE)
				assert_true(sm_str_equal(verdict.rule,
							 sm_str_of(id)));
		}
		/* Short ones differ in what is always looked at. */
		assert_int_equal(c.policy.reach > 0, t > 1);
		compiled_free(&c);
	}
}

/*
 * Rules of a kind each for the same path: what may be read is found where code
 * is asked for, if small tables put them side by side.
 */
static void the_same_path_of_two_kinds_is_told_apart(void **state)
{
	char text[200], path[32];
	struct sm_verdict verdict;
	struct staged s;

	(void)state;
	for (unsigned i = 0; i < ALIKE; i++) {
		struct compiled c;

		snprintf(path, sizeof(path), "/x/%u", i);
		snprintf(text, sizeof(text),
			 "{ \"secmgr\": 1, \"files\": [{ \"path\": \"%s\", "
			 "\"access\": [\"read\"] }], "
			 "\"code\": [{ \"load\": \"%s\" }] }",
			 path, path);
		c = compile_text(text);
		stage(&s, "open", "python");
		push_arg(&s, text_value(path));
		push_arg(&s, text_value("r"));
		push_arg(&s, int_value(0));
		sm_policy_decide(&c.policy, &s.event, &verdict);
		assert_int_equal(verdict.decision, SM_ALLOWED);
		s.event.site.via = SM_VIA_IMPORT;
		sm_policy_decide(&c.policy, &s.event, &verdict);
		assert_int_equal(verdict.decision, SM_ALLOWED);
		compiled_free(&c);
	}
}

static void put_rules(char *text, size_t bytes, const struct pattern *patterns,
		      bool denials)
{
	size_t used = strlen(text);
	const char *comma = "";

	used += (size_t)snprintf(text + used, bytes - used, "\"%s\": [",
				 denials ? "deny" : "files");
	for (unsigned i = 0; i < RULES; i++) {
		const struct pattern *p = &patterns[i];

		if (p->is_denial != denials)
			continue;
		used += (size_t)snprintf(
			text + used, bytes - used,
			"%s{ \"id\": \"f%u\", \"path\": \"%s\", "
			"\"access\": [%s]%s%s%s }",
			comma, i, p->text, grants[p->access].text,
			p->by ? ", \"by\": [\"" : "", p->by ? p->by : "",
			p->by ? "\"]" : "");
		comma = ",";
	}
	snprintf(text + used, bytes - used, "]");
}

static void the_rule_that_decides_is_found(void **state)
{
	unsigned count = 0, allowed = 0;

	(void)state;
	for (unsigned round = 0; round < POLICIES; round++) {
		struct pattern patterns[RULES];
		const char *path[DEEP];
		char text[4096] = "{ \"secmgr\": 1, ";
		struct compiled c;

		for (unsigned i = 0; i < RULES; i++)
			make_rule(&patterns[i]);
		put_rules(text, sizeof(text), patterns, false);
		strcat(text, ", ");
		put_rules(text, sizeof(text), patterns, true);
		strcat(text, " }");
		c = compile_text(text);
		count += check_paths(&c.policy, patterns, path, 0, &allowed);
		compiled_free(&c);
	}
	assert_int_equal(count, POLICIES * (8 + 64 + 512 + 4096));
	assert_true(allowed > count / 20 && allowed < count);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_rule_that_decides_is_found),
		cmocka_unit_test(a_long_path_finds_its_rule),
		cmocka_unit_test(rules_with_the_same_ends_are_told_apart),
		cmocka_unit_test(the_same_path_of_two_kinds_is_told_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
