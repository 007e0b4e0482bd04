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

/* Credentials of out as %secret%. */
static void check_as(enum sm_redact_kind kind, const char *text,
		     const char *want)
{
	struct sm_redact_text from = { sm_str_of(text), false };
	char out[512];
	uint32_t n;

	if (!sm_redact(kind, from, out, sizeof(out), &n)) {
		assert_string_equal(want, text);
		return;
	}
	n = sm_secret_forget((struct sm_str){ out, n }, out);
	out[n] = '\0';
	assert_string_equal(out, want);
}

static void check(const char *text, const char *want)
{
	check_as(SM_REDACT_TEXT, text, want);
}

static void takes_out_credentials_only(void **state)
{
	(void)state;
	check("DB_PASSWORD=x y", "DB_PASSWORD=%secret% y");
	check("postgres://me:pw@host/db?x=1",
	      "postgres://me:%secret%@host/db?x=1");
	check("a?token=x&b=2&api_key=y",
	      "a?token=%secret%&b=2&api_key=%secret%");
	check("--secret=\"two words\" z", "--secret=\"%secret%\" z");
	check("Authorization: Bearer abc", "Authorization: Bearer %secret%");
	check("PASSWORD 'a''b'", "PASSWORD '%secret%''b'");
	check_as(SM_REDACT_WORD, "--password=a b;c", "--password=%secret%");
	check_as(SM_REDACT_WORD, "DB_PASSWORD=a b;c", "DB_PASSWORD=%secret%");
	check("", "");
	check("http://host:80/a@b", "http://host:80/a@b");
	check("--password=", "--password=");
}

/* What a shell would do has to stay in sight: policies decide by it. */
static void hides_nothing_a_shell_acts_on(void **state)
{
	(void)state;
	check_as(SM_REDACT_LINE, "x --password=a|sh",
		 "x --password=%secret%|sh");
	check_as(SM_REDACT_LINE, "x --password=a;sh",
		 "x --password=%secret%;sh");
	check_as(SM_REDACT_LINE, "x --password=a$(sh)b",
		 "x --password=%secret%$(sh)b");
	check_as(SM_REDACT_LINE, "x --password=a`sh`",
		 "x --password=%secret%`sh`");
	check_as(SM_REDACT_LINE, "x --password=\"a$(sh)\"",
		 "x --password=\"%secret%$(sh)\"");
	check_as(SM_REDACT_LINE, "x --password='a$(sh)' b",
		 "x --password='%secret%$(sh)' b");
	check_as(SM_REDACT_LINE, "x --password='a|;b' b",
		 "x --password='%secret%' b");
	check_as(SM_REDACT_LINE, "x --password=a>y", "x --password=%secret%>y");
	check_as(SM_REDACT_LINE, "x --password a>y", "x --password %secret%>y");
	check_as(SM_REDACT_LINE, "x --password 2>y", "x --password 2>y");
	check_as(SM_REDACT_LINE, "x --token *", "x --token *");
	check_as(SM_REDACT_LINE, "curl -u a:b\nsh", "curl -u a:%secret%\nsh");
	check_as(SM_REDACT_LINE, "curl -H 'Cookie: a'; sh",
		 "curl -H 'Cookie: %secret%'; sh");
	check_as(SM_REDACT_LINE, "curl -H \"Cookie: a`sh`\"",
		 "curl -H \"Cookie: %secret%`sh`\"");
	check_as(SM_REDACT_LINE, "x://a:b$(sh)@c", "x://a:b$(sh)@c");
	check_as(SM_REDACT_LINE, "x --token=a:~ y", "x --token=%secret%:~ y");
	check_as(SM_REDACT_LINE, "curl -u 'a:b c' d", "curl -u 'a:%secret%' d");
	check_as(SM_REDACT_LINE, "curl -u'\":'\"", "curl -u'\":'\"");
	/* inside of substitutions quotes begin anew */
	check_as(SM_REDACT_LINE, "\"$(x \"--token='b\")\"; sh 'y'",
		 "\"$(x \"--token='%secret%\")\"; sh 'y'");
	check_as(SM_REDACT_LINE, "`x '--token=a`; sh #'",
		 "`x '--token=%secret%`; sh #'");
	check_as(SM_REDACT_LINE, "x 'a' --password='b' \"c\"",
		 "x 'a' --password='%secret%' \"c\"");
}

static void equal_credentials_stay_equal(void **state)
{
	static const uint8_t key[SM_DIGEST_KEY_BYTES] = { 1 },
			     other[SM_DIGEST_KEY_BYTES] = { 2 };
	static const char *const texts[] = { "token=abc", "--token=abc",
					     "https://x:abc@y" };
	char out[4][64];
	uint32_t n;

	(void)state;
	sm_digest_key(key);
	for (unsigned i = 0; i < 4; i++) {
		struct sm_redact_text text = { sm_str_of(texts[i % 3]), false };

		if (i == 3)
			sm_digest_key(other);
		assert_true(sm_redact(SM_REDACT_TEXT, text, out[i],
				      sizeof(out[i]), &n));
		memmove(out[i], memchr(out[i], '%', n), SM_SECRET_MAX);
	}
	assert_memory_equal(out[0], out[1], SM_SECRET_MAX);
	assert_memory_equal(out[0], out[2], SM_SECRET_MAX);
	assert_memory_not_equal(out[0], out[3], SM_SECRET_MAX);
}

static void says_when_it_does_not_fit(void **state)
{
	static const struct sm_redact_text text = { { "token=a tail", 12 },
						    false };
	uint32_t n, whole = text.s.len - 1 + SM_SECRET_MAX;
	char out[64];

	(void)state;
	for (uint32_t room = 0; room <= whole + 1; room++) {
		n = 99;
		assert_true(sm_redact(SM_REDACT_TEXT, text, out, room, &n));
		assert_int_equal(n, room < whole ? 0 : whole);
	}
}

/* Half of a token has no shape any more. */
static void takes_the_last_word_of_what_was_cut(void **state)
{
	struct sm_redact_text text = { SM_STR("a bc ghp_0a1"), true };
	char out[64];
	uint32_t n;

	(void)state;
	assert_true(sm_redact(SM_REDACT_TEXT, text, out, sizeof(out), &n));
	assert_int_equal(n, 5 + SM_SECRET_MAX);
	assert_memory_equal(out, "a bc " SM_SECRET_HEAD, 13);
}

/* Exactly long enough allocations, for the sanitizer to see. */
static void reads_nothing_behind_any_prefix(void **state)
{
	static const char text[] =
		"u://a:b@c Authorization: x token='q' http://x:y secret=\"z "
		"-----BEGIN PRIVATE KEY-----a-----END PRIVATE KEY-----%secret:"
		"0123456789abcdef% eyJ0123456789.0123456789.a basic dTp4eHg= "
		"IDENTIFIED BY 'x' \\\"token\\\": \\\"x\\\" curl -u a:b";
	char out[1024];
	uint32_t n;

	(void)state;
	for (size_t len = 1; len < sizeof(text); len++) {
		char *copy = malloc(len);
		struct sm_redact_text from = { { copy, (uint32_t)len },
					       len & 1 };

		assert_non_null(copy);
		memcpy(copy, text, len);
		for (int kind = 0; kind <= SM_REDACT_WORD; kind++)
			sm_redact((enum sm_redact_kind)kind, from, out,
				  sizeof(out), &n);
		free(copy);
	}
}

static struct sm_value value_of(const char *text)
{
	uint32_t n = (uint32_t)strlen(text);

	return (struct sm_value){
		.type = SM_TEXT, .s = text, .len = n, .full_len = n
	};
}

/* An event is decided by the short form; a trace keeps the long one. */
static void events_are_decided_without_hashes(void **state)
{
	char text[4096];
	struct sm_secrets secrets = { .text = text, .room = sizeof(text) };
	struct sm_value value = value_of("token=abc"), other = value_of("x");

	(void)state;
	sm_secrets_take(&secrets, SM_REDACT_TEXT, &value);
	sm_secrets_take(&secrets, SM_REDACT_TEXT, &other);
	assert_true(
		sm_str_equal(sm_value_str(&value), SM_STR("token=" SM_SECRET)));
	assert_false(sm_value_is_cut(&value));
	assert_int_equal(secrets.count, 1);
	sm_secrets_tell(&secrets);
	assert_int_equal(value.len, 6 + SM_SECRET_MAX);
	assert_memory_equal(value.s, "token=" SM_SECRET_HEAD, 14);
	assert_false(sm_value_is_cut(&value));
	assert_true(sm_str_equal(sm_value_str(&other), SM_STR("x")));
}

/* No room, or too many: less is told, and never the credential. */
static void bounds_hide_rather_than_show(void **state)
{
	char text[8192];
	struct sm_value values[SM_SECRETS_MAX + 4];

	(void)state;
	for (uint32_t room = 0; room < 80; room++) {
		struct sm_secrets secrets = { .text = text, .room = room };
		struct sm_value value = value_of("token=abc");

		sm_secrets_take(&secrets, SM_REDACT_TEXT, &value);
		assert_true(secrets.used <= room);
		assert_null(memmem(value.s, value.len, "abc", 3));
		assert_int_equal(sm_value_is_cut(&value),
				 room < 6 + SM_SECRET_MAX);
	}
	for (size_t i = 0; i < SM_SECRETS_MAX + 4; i++)
		values[i] = value_of("token=abc");
	{
		struct sm_secrets secrets = { .text = text,
					      .room = sizeof(text) };

		for (size_t i = 0; i < SM_SECRETS_MAX + 4; i++)
			sm_secrets_take(&secrets, SM_REDACT_TEXT, &values[i]);
		sm_secrets_tell(&secrets);
	}
	assert_int_equal(values[SM_SECRETS_MAX - 1].len, 6 + SM_SECRET_MAX);
	assert_true(sm_str_equal(sm_value_str(&values[SM_SECRETS_MAX]),
				 SM_STR("token=" SM_SECRET)));
}

static void digests_differ_by_every_byte_and_key(void **state)
{
	static const size_t sizes[] = { 1, 8, 255, 256, 257, 320, 1000 };
	uint8_t bytes[1000] = { 0 };
	uint8_t key[SM_DIGEST_KEY_BYTES] = "sixteen bytes...";

	(void)state;
	sm_digest_key(key);
	for (size_t s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++) {
		uint64_t before = sm_digest(bytes, sizes[s]);

		for (size_t i = 0; i < sizes[s]; i++) {
			bytes[i] ^= 1;
			assert_true(sm_digest(bytes, sizes[s]) != before);
			bytes[i] ^= 1;
		}
		assert_true(sm_digest(bytes, sizes[s] - 1) != before);
		key[0]++;
		sm_digest_key(key);
		assert_true(sm_digest(bytes, sizes[s]) != before);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_out_credentials_only),
		cmocka_unit_test(hides_nothing_a_shell_acts_on),
		cmocka_unit_test(equal_credentials_stay_equal),
		cmocka_unit_test(says_when_it_does_not_fit),
		cmocka_unit_test(takes_the_last_word_of_what_was_cut),
		cmocka_unit_test(reads_nothing_behind_any_prefix),
		cmocka_unit_test(events_are_decided_without_hashes),
		cmocka_unit_test(bounds_hide_rather_than_show),
		cmocka_unit_test(digests_differ_by_every_byte_and_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
