/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names of one component, and what wildcards in patterns accept of them, asked
 * in the plainest way.
 */
#include "tests/unit/policy_fixture.h"

/* Names asked for of 540 patterns of one wildcard. */
#define WILDCARD_CASES 697310

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* ------------------------------------------------------------ one wildcard */

/* Directories, and literal bytes before and behind, around what words hold. */
static const char *const directories[] = { "", "/d", "/srv/d", "/srv/da",
					   "/srv/data/of/the/shop" };
static const char *const starts[] = { "",	   "p",
				      "photo-",	   "photo-of",
				      "photo-of-", "photo-of-some-places-" };
static const char *const ends[] = { "",		".",	      "g",
				    ".jpg",	".geojson",   ".geojsonl",
				    ".tar.zst", ".0.tar.zst", "7" };
static const char *const middles[] = { "<int>", "*" };

static bool is_number(const char *text, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (text[i] < '0' || text[i] > '9')
			return false;
	return n > 0;
}

static bool lies_between(const char *start, const char *middle, const char *end,
			 const char *name)
{
	size_t n = strlen(name), first = strlen(start), last = strlen(end);

	if (n < first + last || memcmp(name, start, first) != 0 ||
	    memcmp(name + n - last, end, last) != 0)
		return false;
	return *middle == '*' ? first || name[0] != '.'
			      : is_number(name + first, n - first - last);
}

static bool is_canonical_name(const char *name)
{
	return *name && strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

/* The path has no byte before or behind it that could be read. */
static bool is_allowed(const struct sm_policy *policy, const char *directory,
		       const char *name)
{
	size_t n = strlen(directory) + 1 + strlen(name);
	char text[128], *path = malloc(n);
	struct sm_verdict verdict;
	struct staged s;

	assert_non_null(path);
	snprintf(text, sizeof(text), "%s/%s", directory, name);
	memcpy(path, text, n);
	stage(&s, "open", "python");
	push_arg(&s, text_value(text));
	push_arg(&s, text_value("r"));
	push_arg(&s, int_value(0));
	s.args[0].s = path;
	sm_policy_decide(policy, &s.event, &verdict);
	free(path);
	return verdict.decision == SM_ALLOWED;
}

/* between, and with each of its bytes another; 1 for each that was asked. */
static unsigned ask_names(const struct sm_policy *policy, const char *directory,
			  const char *start, const char *middle,
			  const char *end, const char *between)
{
	static const char others[] = "0a:.\xb7";
	char name[96];
	size_t n = (size_t)snprintf(name, sizeof(name), "%s%s%s", start,
				    between, end);
	unsigned count = 0;

	for (size_t at = 0; at <= n; at++)
		for (const char *other = others; *other; other++) {
			char kept = name[at];

			if (at < n)
				name[at] = *other;
			if (is_canonical_name(name)) {
				if (is_allowed(policy, directory, name) !=
				    lies_between(start, middle, end, name))
					fail_msg("%s/%s%s%s: %s", directory,
						 start, middle, end, name);
				count++;
			}
			name[at] = kept;
		}
	return count;
}

static unsigned ask_wildcard(const char *directory, const char *start,
			     const char *middle, const char *end)
{
	static const char *const between[] = {
		"",	    "7",
		"42",	    "365",
		"1024",	    "86400",
		"525600",   "1000000",
		"31536000", "123456789",
		"x",	    "12 34",
		"0x1f",	    "1234567890123456789",
	};
	char text[256];
	struct compiled c;
	unsigned count = 0;

	snprintf(text, sizeof(text),
		 "{ \"secmgr\": 1, \"files\": [ { \"id\": \"f\", "
		 "\"path\": \"%s/%s%s%s\", \"access\": [\"read\"] } ] }",
		 directory, start, middle, end);
	c = compile_text(text);
	for (size_t i = 0; i < COUNT(between); i++)
		count += ask_names(&c.policy, directory, start, middle, end,
				   between[i]);
	compiled_free(&c);
	return count;
}

static void a_wildcard_matches_what_lies_between_its_texts(void **state)
{
	unsigned count = 0;

	(void)state;
	for (size_t d = 0; d < COUNT(directories); d++)
		for (size_t s = 0; s < COUNT(starts); s++)
			for (size_t m = 0; m < COUNT(middles); m++)
				for (size_t e = 0; e < COUNT(ends); e++)
					count += ask_wildcard(
						directories[d], starts[s],
						middles[m], ends[e]);
	assert_int_equal(count, WILDCARD_CASES);
}

/* ----------------------------------------------------- several wildcards */

#define GLOBS	   300
#define GLOB_PARTS 6

/* Whether parts match all of text, in the plainest way. */
static bool lie_side_by_side(const char *const *parts_, unsigned count,
			     const char *text)
{
	size_t n, most = strlen(text);

	if (!count)
		return !*text;
	if (*parts_[0] != '*' && *parts_[0] != '<') {
		n = strlen(parts_[0]);
		return !strncmp(text, parts_[0], n) &&
		       lie_side_by_side(parts_ + 1, count - 1, text + n);
	}
	for (n = 0; n <= most; n++)
		if ((*parts_[0] == '*' || is_number(text, n)) &&
		    lie_side_by_side(parts_ + 1, count - 1, text + n))
			return true;
	return false;
}

/* All names of up to five bytes of three; how many are allowed. */
static unsigned ask_all_names(const struct sm_policy *policy,
			      const char *const *glob, unsigned count,
			      const char *text)
{
	char name[6] = "";
	unsigned allowed = 0;

	for (unsigned code = 1; code < 4 * 4 * 4 * 4 * 4; code++) {
		unsigned left = code, n = 0;

		for (; left % 4; left /= 4)
			name[n++] = "ab7"[left % 4 - 1];
		name[n] = 0;
		if (left || !n)
			continue; /* not spelled like this */
		if (is_allowed(policy, "/srv/d", name) !=
		    lie_side_by_side(glob, count, name))
			fail_msg("%s: %s", text, name);
		allowed += is_allowed(policy, "/srv/d", name);
	}
	return allowed;
}

static void several_wildcards_match_what_lies_side_by_side(void **state)
{
	static const char *const choices[] = { "*", "*",  "<int>", "a",
					       "b", "ab", "ba",	   "7" };
	unsigned allowed = 0;

	(void)state;
	for (unsigned round = 0; round < GLOBS; round++) {
		const char *glob[GLOB_PARTS];
		unsigned count = 2 + next_random(GLOB_PARTS - 1);
		char text[256] = "{ \"secmgr\": 1, \"files\": [ "
				 "{ \"access\": [\"read\"], "
				 "\"path\": \"/srv/d/";
		struct compiled c;

		for (unsigned i = 0; i < count; i++) {
			do
				glob[i] = choices[next_random(COUNT(choices))];
			while (i && *glob[i] == '*' && *glob[i - 1] == '*');
			strcat(text, glob[i]);
		}
		strcat(text, "\" } ] }");
		c = compile_text(text);
		allowed += ask_all_names(&c.policy, glob, count, text);
		compiled_free(&c);
	}
	assert_in_range(allowed, GLOBS, 300 * GLOBS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			a_wildcard_matches_what_lies_between_its_texts),
		cmocka_unit_test(
			several_wildcards_match_what_lies_side_by_side),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
