/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules are found in a forest, a path walks it once. Here every pattern is
 * asked by itself, in the plainest way, and both must name the same rule.
 */
#include "tests/unit/policy_fixture.h"

#define RULES	 8
#define POLICIES 200
#define DEEP	 4
#define PARTS	 5 /* of a pattern at most */

/* As long as what is hashed at once, and longer. */
#define SIXTEEN "sixteen-letters-"
#define LONG	"sixteen-letters-and-more-of-them"

static const char *const parts[] = { "a",     "b",     "ab",	 "photo-of-7",
				     "*",     "a*",    "**",	 "**",
				     "<int>", SIXTEEN, "s*-of-7" };
static const char *const names[] = { "a",	   "b",	    "ab", "7",
				     "photo-of-7", SIXTEEN, LONG };

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct pattern {
	const char *parts[PARTS];
	unsigned count;
	char text[160];
};

/* Repeatable, and the same everywhere. */
static unsigned next_random(unsigned below)
{
	static uint64_t state = 42;

	state = state * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(state >> 33) % below;
}

/* At most two `**`, which are not neighbours: no policy may have more. */
static void make_pattern(struct pattern *p)
{
	unsigned deep = 0;

	p->count = 1 + next_random(PARTS);
	p->text[0] = '\0';
	for (unsigned i = 0; i < p->count; i++) {
		bool is_deep;

		do {
			p->parts[i] = parts[next_random(COUNT(parts))];
			is_deep = !strcmp(p->parts[i], "**");
		} while (is_deep &&
			 (deep == 2 || (i && !strcmp(p->parts[i - 1], "**"))));
		deep += is_deep;
		strcat(strcat(p->text, "/"), p->parts[i]);
	}
}

static bool part_matches(const char *part, const char *name)
{
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
	if (strcmp(p->parts[part], "**") != 0)
		return depth && part_matches(p->parts[part], path[0]) &&
		       matches(p, part + 1, path + 1, depth - 1);
	if (part + 1 == p->count)
		return depth > 0;
	for (unsigned skipped = 0; skipped <= depth; skipped++)
		if (matches(p, part + 1, path + skipped, depth - skipped))
			return true;
	return false;
}

static unsigned first_matching(const struct pattern *patterns,
			       const char *const *path, unsigned depth)
{
	unsigned i = 0;

	while (i < RULES && !matches(&patterns[i], 0, path, depth))
		i++;
	return i;
}

static void check_path(const struct sm_policy *policy,
		       const struct pattern *patterns, const char *const *path,
		       unsigned depth, unsigned *allowed)
{
	unsigned expected = first_matching(patterns, path, depth);
	struct sm_verdict verdict;
	char text[160] = "", id[16] = "";
	struct staged s;

	for (unsigned i = 0; i < depth; i++)
		strcat(strcat(text, "/"), path[i]);
	stage(&s, "open", "python");
	push_arg(&s, text_value(text));
	push_arg(&s, text_value("r"));
	push_arg(&s, int_value(0));
	sm_policy_decide(policy, &s.event, &verdict);
	if (expected < RULES)
		snprintf(id, sizeof(id), "f%u", expected);
	if (verdict.decision != (*id ? SM_ALLOWED : SM_DENIED) ||
	    (*id && !sm_str_equal(verdict.rule, sm_str_of(id)))) {
		for (unsigned i = 0; i < RULES; i++)
			print_error("f%u %s\n", i, patterns[i].text);
		fail_msg("%s: %s %.*s, expected %s", text,
			 sm_decision_name(verdict.decision),
			 (int)verdict.rule.len, verdict.rule.p,
			 *id ? id : "denied");
	}
	*allowed += *id != '\0';
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

static void a_path_finds_the_first_rule_that_matches_it(void **state)
{
	unsigned count = 0, allowed = 0;

	(void)state;
	for (unsigned round = 0; round < POLICIES; round++) {
		struct pattern patterns[RULES];
		const char *path[DEEP];
		char text[2048] = "{ \"secmgr\": 1, \"files\": [";
		struct compiled c;

		for (unsigned i = 0; i < RULES; i++) {
			size_t used = strlen(text);

			make_pattern(&patterns[i]);
			snprintf(text + used, sizeof(text) - used,
				 "%s{ \"id\": \"f%u\", \"path\": \"%s\", "
				 "\"access\": [\"read\"] }",
				 i ? "," : "", i, patterns[i].text);
		}
		strcat(text, "] }");
		c = compile_text(text);
		count += check_paths(&c.policy, patterns, path, 0, &allowed);
		compiled_free(&c);
	}
	assert_int_equal(count, POLICIES * (7 + 49 + 343 + 2401));
	assert_true(allowed > count / 10 && allowed < count);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_path_finds_the_first_rule_that_matches_it),
		cmocka_unit_test(a_long_path_finds_its_rule),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
