/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_redact.c: what looks like a credential leaves the guest masked.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "recorder/redact.h"

static void check(const char *text, const char *want)
{
	char out[256];
	uint32_t n;

	if (!sm_redact(sm_str_of(text), out, sizeof(out), &n)) {
		assert_string_equal(want, text);
		return;
	}
	assert_int_equal(n, strlen(want));
	assert_memory_equal(out, want, n);
}

static void masks_credentials(void **state)
{
	(void)state;
	check("--password=hunter2", "--password=***");
	check("DB_PASSWORD=x y", "DB_PASSWORD=*** y");
	check("curl -H 'Authorization: Bearer abc' u",
	      "curl -H 'Authorization: ***' u");
	check("postgres://me:pw@host/db?x=1", "postgres://me:***@host/db?x=1");
	check("a?token=1&b=2&api_key=3", "a?token=***&b=2&api_key=***");
	check("--secret=\"two words\" z", "--secret=*** z");
}

static void leaves_everything_else_alone(void **state)
{
	(void)state;
	check("", "");
	check("git log --oneline", "git log --oneline");
	check("http://host:80/a@b", "http://host:80/a@b");
	check("--password", "--password");
	check("--password=", "--password=");
	check("x=1 y: 2", "x=1 y: 2");
	assert_true(sm_redact_next(SM_STR("--password")));
	assert_true(sm_redact_next(SM_STR("--api-key")));
	assert_false(sm_redact_next(SM_STR("--password=x")));
	assert_false(sm_redact_next(SM_STR("password")));
	assert_false(sm_redact_next(SM_STR("-p")));
}

static void says_when_it_does_not_fit(void **state)
{
	static const char text[] = "token=a tail";
	char out[32];
	uint32_t n, whole = sizeof("token=*** tail") - 1;

	(void)state;
	for (uint32_t room = 0; room <= whole + 1; room++) {
		n = 99;
		assert_true(sm_redact(SM_STR(text), out, room, &n));
		assert_int_equal(n, room < whole ? 0 : whole);
	}
}

/* Exactly long enough allocations, for the sanitizer to see. */
static void reads_nothing_behind_any_prefix(void **state)
{
	static const char text[] = "u://a:b@c Authorization: x token='q' "
				   "http://x:y secret=\"z";
	char out[256];
	uint32_t n;

	(void)state;
	for (size_t len = 1; len < sizeof(text); len++) {
		char *copy = malloc(len);

		assert_non_null(copy);
		memcpy(copy, text, len);
		sm_redact((struct sm_str){ copy, (uint32_t)len }, out,
			  sizeof(out), &n);
		free(copy);
	}
}

static void digests_differ_by_every_byte_and_key(void **state)
{
	static const size_t sizes[] = { 1, 8, 255, 256, 257, 320, 1000 };
	uint8_t bytes[1000] = { 0 };

	(void)state;
	for (size_t s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++) {
		uint64_t before = sm_digest(bytes, sizes[s]);

		for (size_t i = 0; i < sizes[s]; i++) {
			bytes[i] ^= 1;
			assert_true(sm_digest(bytes, sizes[s]) != before);
			bytes[i] ^= 1;
		}
		assert_true(sm_digest(bytes, sizes[s] - 1) != before);
		sm_digest_key("another");
		assert_true(sm_digest(bytes, sizes[s]) != before);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(masks_credentials),
		cmocka_unit_test(leaves_everything_else_alone),
		cmocka_unit_test(says_when_it_does_not_fit),
		cmocka_unit_test(reads_nothing_behind_any_prefix),
		cmocka_unit_test(digests_differ_by_every_byte_and_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
