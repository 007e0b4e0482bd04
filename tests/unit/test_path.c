/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "schema/path.h"

static const struct {
	const char *base, *path, *want; /* want NULL: refused */
} canonical_cases[] = {
	{ "", "/", "/" },
	{ "", "//", "/" },
	{ "", "/a", "/a" },
	{ "", "/a/", "/a" },
	{ "", "/a//b/./c", "/a/b/c" },
	{ "", "/a/../b", "/b" },
	{ "", "/..", "/" },
	{ "", "/../../a", "/a" },
	{ "", "/a/b/../../..", "/" },
	{ "", "/a/...", "/a/..." },
	{ "", "/.hidden/..x", "/.hidden/..x" },
	{ "/srv", "a", "/srv/a" },
	{ "/srv/", "../etc/passwd", "/etc/passwd" },
	{ "/", "a", "/a" },
	{ "/srv/app", ".", "/srv/app" },
	{ "/srv", "/etc", "/etc" },
	{ "", "a", NULL },
	{ "srv", "a", NULL },
	{ "/srv", "", NULL },
};

static void canonical_paths_are_what_the_kernel_would_walk(void **state)
{
	char out[SM_PATH_MAX];
	struct sm_str got;

	(void)state;
	for (size_t i = 0;
	     i < sizeof(canonical_cases) / sizeof(canonical_cases[0]); i++) {
		enum sm_status s = sm_path_canonical(
			sm_str_of(canonical_cases[i].base),
			sm_str_of(canonical_cases[i].path), out, &got);
		const char *want = canonical_cases[i].want;

		assert_int_equal(s == SM_OK, want != NULL);
		if (!want)
			continue;
		assert_int_equal(got.len, strlen(want));
		assert_memory_equal(got.p, want, got.len);
		assert_true(sm_path_is_canonical(got));
	}
}

static void canonicalising_twice_changes_nothing(void **state)
{
	static const char alphabet[] = "/./ab";
	char text[12], out[SM_PATH_MAX], again[SM_PATH_MAX];
	struct sm_str first, second;
	unsigned cases = 0;

	(void)state;
	srand(1);
	for (unsigned i = 0; i < 20000; i++) {
		uint32_t n = 1 + (unsigned)rand() % 11;

		text[0] = '/';
		for (uint32_t k = 1; k < n; k++)
			text[k] = alphabet[(unsigned)rand() % 5];
		assert_int_equal(sm_path_canonical((struct sm_str){ "", 0 },
						   (struct sm_str){ text, n },
						   out, &first),
				 SM_OK);
		assert_int_equal(sm_path_canonical((struct sm_str){ "", 0 },
						   first, again, &second),
				 SM_OK);
		assert_true(sm_str_equal(first, second));
		assert_int_equal(
			sm_path_is_canonical((struct sm_str){ text, n }),
			sm_str_equal(first, (struct sm_str){ text, n }));
		cases++;
	}
	assert_int_equal(cases, 20000);
}

static void a_path_fits_up_to_path_max_and_no_further(void **state)
{
	char text[SM_PATH_MAX + 2], out[SM_PATH_MAX];
	struct sm_str got;

	(void)state;
	memset(text, 'a', sizeof(text));
	text[0] = '/';
	assert_int_equal(sm_path_canonical((struct sm_str){ "", 0 },
					   (struct sm_str){ text, SM_PATH_MAX },
					   out, &got),
			 SM_OK);
	assert_int_equal(got.len, SM_PATH_MAX);
	assert_int_equal(
		sm_path_canonical((struct sm_str){ "", 0 },
				  (struct sm_str){ text, SM_PATH_MAX + 1 }, out,
				  &got),
		SM_LIMIT);
}

static void a_nul_byte_is_refused(void **state)
{
	char out[SM_PATH_MAX];
	struct sm_str got;

	(void)state;
	assert_int_equal(sm_path_canonical((struct sm_str){ "", 0 },
					   SM_STR("/a\0b"), out, &got),
			 SM_INVALID);
	assert_false(sm_path_is_canonical(SM_STR("/a\0b")));
}

static void under_means_below_a_component_boundary(void **state)
{
	(void)state;
	assert_true(sm_path_is_under(SM_STR("/srv/a"), SM_STR("/srv")));
	assert_true(sm_path_is_under(SM_STR("/srv"), SM_STR("/srv")));
	assert_true(sm_path_is_under(SM_STR("/x"), SM_STR("/")));
	assert_false(sm_path_is_under(SM_STR("/srvx"), SM_STR("/srv")));
	assert_false(sm_path_is_under(SM_STR("/sr"), SM_STR("/srv")));
}

static const struct {
	const char *path, *source;
} cache_cases[] = {
	{ "/a/__pycache__/m.cpython-311.pyc", "/a/m.py" },
	{ "/a/__pycache__/m.cpython-311.opt-1.pyc", "/a/m.py" },
	{ "/a/__pycache__/m.cpython-311.pyc.139872", "/a/m.py" },
	{ "/a/__pycache__/m.n.cpython-311.pyc", "/a/m.n.py" },
	{ "/__pycache__/m.pypy39.pyc", "/m.py" },
	{ "/a/__pycache__/m.pyc", "/a/__pycache__/m.pyc" },
	{ "/a/__pycache__/.pyc", "/a/__pycache__/.pyc" },
	{ "/a/m.cpython-311.pyc", "/a/m.cpython-311.pyc" },
	{ "/a/__pycache__/m.cpython-311.txt",
	  "/a/__pycache__/m.cpython-311.txt" },
	{ "/a/x__pycache__/m.cpython-311.pyc",
	  "/a/x__pycache__/m.cpython-311.pyc" },
	{ "/a/m.py", "/a/m.py" },
	{ "/", "/" },
};

static void cache_files_stand_for_their_source(void **state)
{
	char out[SM_PATH_MAX + 4];

	(void)state;
	for (size_t i = 0; i < sizeof(cache_cases) / sizeof(cache_cases[0]);
	     i++) {
		struct sm_str got = sm_path_source_of_cache(
			sm_str_of(cache_cases[i].path), out);

		assert_int_equal(got.len, strlen(cache_cases[i].source));
		assert_memory_equal(got.p, cache_cases[i].source, got.len);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			canonical_paths_are_what_the_kernel_would_walk),
		cmocka_unit_test(canonicalising_twice_changes_nothing),
		cmocka_unit_test(a_path_fits_up_to_path_max_and_no_further),
		cmocka_unit_test(a_nul_byte_is_refused),
		cmocka_unit_test(under_means_below_a_component_boundary),
		cmocka_unit_test(cache_files_stand_for_their_source),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
