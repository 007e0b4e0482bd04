/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/policy_fixture.h"

struct row {
	enum sm_token token;
	const char *text;
	size_t length; /* of the longest match at the start */
};

static const struct row rows[] = {
	{ SM_TOKEN_INT, "", 0 },
	{ SM_TOKEN_INT, "0", 1 },
	{ SM_TOKEN_INT, "0123x", 4 },
	{ SM_TOKEN_INT, "-1", 0 },
	{ SM_TOKEN_HEX, "0123456", 0 },
	{ SM_TOKEN_HEX, "01234567", 8 },
	{ SM_TOKEN_HEX, "01234567g", 8 },
	{ SM_TOKEN_HEX, "0123456A", 0 },
	{ SM_TOKEN_UUID, "01234567-89ab-cdef-0123-456789abcde", 0 },
	{ SM_TOKEN_UUID, "01234567-89ab-cdef-0123-456789abcdef", 36 },
	{ SM_TOKEN_UUID, "01234567-89AB-cdef-0123-456789abcdef0", 36 },
	{ SM_TOKEN_UUID, "01234567089ab-cdef-0123-456789abcdef", 0 },
	{ SM_TOKEN_DATE, "2024-01-31", 10 },
	{ SM_TOKEN_DATE, "2024-00-31", 0 },
	{ SM_TOKEN_DATE, "2024-12-32", 0 },
	{ SM_TOKEN_DATE, "2024-1-1", 0 },
	{ SM_TOKEN_DATE, "20241231", 8 },
	{ SM_TOKEN_DATE, "20241331", 0 },
	{ SM_TOKEN_DATE, "2024123", 0 },
	{ SM_TOKEN_TMP, "abc_12x", 0 },
	{ SM_TOKEN_TMP, "abc_12xy", 8 },
	{ SM_TOKEN_TMP, "abc_12xyz", 8 },
	{ SM_TOKEN_TMP, "abc_12xY", 0 },
	{ SM_TOKEN_NAME, "a b.c-d", 7 },
	{ SM_TOKEN_NAME, "a/b", 1 },
	{ SM_TOKEN_NAME, ".a", 0 },
	{ SM_TOKEN_WORD, "a b/c", 5 },
	{ SM_TOKEN_WORD, "-a", 0 },
	{ SM_TOKEN_TEXT, "-a b", 4 },
	{ SM_TOKEN_HOST, "a-b.c_d:1/x", 9 },
	{ SM_TOKEN_HOST, "-a", 0 },
	{ SM_TOKEN_CLASS, "shop.Cart_2 x", 11 },
	{ SM_TOKEN_CLASS, "\xc3\xa9t\xc3\xa9:x", 5 },
	{ SM_TOKEN_CLASS, ":x", 0 },
	{ SM_TOKEN_PORT, "1023", 0 },
	{ SM_TOKEN_PORT, "1024", 4 },
	{ SM_TOKEN_PORT, "65535", 5 },
	{ SM_TOKEN_PORT, "65536", 4 },
	{ SM_TOKEN_PORT, "08080", 0 },
	{ SM_TOKEN_OPTION, "a", 0 },
	{ SM_TOKENS, "a", 0 },
};

static void tokens_match_the_longest_start(void **state)
{
	size_t i, checked = 0;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(*rows); i++, checked++) {
		struct sm_str text = sm_str_of(rows[i].text);

		if (sm_token_match(rows[i].token, text) != rows[i].length)
			fail_msg("%s %s: %zu", sm_token_name(rows[i].token),
				 rows[i].text,
				 sm_token_match(rows[i].token, text));
	}
	assert_int_equal(checked, sizeof(rows) / sizeof(*rows));
}

static void the_narrowest_token_is_named(void **state)
{
	static const struct row named[] = {
		{ SM_TOKEN_INT, "42", 0 },
		{ SM_TOKEN_DATE, "2024-02-29", 0 },
		{ SM_TOKEN_DATE, "20240229", 0 },
		{ SM_TOKEN_INT, "20249999", 0 },
		{ SM_TOKEN_HEX, "deadbeef1", 0 },
		{ SM_TOKEN_TMP, "abc12xyz", 0 },
		{ SM_TOKEN_UUID, "01234567-89ab-cdef-0123-456789abcdef", 0 },
		{ SM_TOKEN_NAME, "settings", 0 }, /* no digit: a word */
		{ SM_TOKEN_NAME, "feedface", 0 },
		{ SM_TOKEN_NAME, "a.b", 0 },
		{ SM_TOKENS, ".a", 0 },
		{ SM_TOKENS, "a/b", 0 },
		{ SM_TOKENS, "", 0 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(named) / sizeof(*named); i++)
		if (sm_token_of(sm_str_of(named[i].text)) != named[i].token)
			fail_msg("%s: <%s>", named[i].text,
				 sm_token_name(sm_token_of(
					 sm_str_of(named[i].text))));
}

/* Each byte value, so that no locale and no sign of char has a say. */
static void bytes_above_ascii_belong_to_names_only(void **state)
{
	int token, c;

	(void)state;
	for (c = 0x80; c < 0x100; c++) {
		char bytes[8];
		struct sm_str text = { bytes, sizeof(bytes) };

		memset(bytes, c, sizeof(bytes));
		for (token = 0; token < SM_TOKENS; token++)
			assert_int_equal(sm_token_match(token, text) != 0,
					 token == SM_TOKEN_NAME ||
						 token == SM_TOKEN_WORD ||
						 token == SM_TOKEN_CLASS ||
						 token == SM_TOKEN_TEXT);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tokens_match_the_longest_start),
		cmocka_unit_test(the_narrowest_token_is_named),
		cmocka_unit_test(bytes_above_ascii_belong_to_names_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
