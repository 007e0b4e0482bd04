/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>
#include <stdio.h>

#include "recorder/channel.h"

static struct sm_value text(const char *s)
{
	return (struct sm_value){ .type = SM_TEXT,
				  .len = (uint32_t)strlen(s),
				  .full_len = strlen(s),
				  .s = s };
}

static struct sm_hello hello_of(uint32_t argc, const char *argument)
{
	struct sm_hello hello = {
		.reason = SM_HELLO_FORK,
		.guest_pid = 7,
		.time_ns = UINT64_MAX,
		.exe = SM_STR("/usr/bin/python3"),
		.cwd = SM_STR("/srv"),
		.argc = argc,
	};

	for (uint32_t i = 0; i < argc && i < SM_ITEMS_MAX; i++)
		hello.argv[i] = text(argument);
	return hello;
}

static void hello_comes_back_as_it_was(void **state)
{
	struct sm_hello in = hello_of(3, "app.py"), out;
	uint8_t bytes[SM_HELLO_MAX];
	uint32_t n = sm_hello_put(bytes, sizeof(bytes), &in);

	(void)state;
	assert_true(n > 0);
	assert_int_equal(sm_hello_get(bytes, n, &out), SM_OK);
	assert_int_equal(out.reason, SM_HELLO_FORK);
	assert_int_equal(out.guest_pid, 7);
	assert_true(out.time_ns == UINT64_MAX);
	assert_true(sm_str_equal(out.exe, in.exe));
	assert_true(sm_str_equal(out.cwd, in.cwd));
	assert_int_equal(out.argc, 3);
	assert_true(sm_str_equal(sm_value_str(&out.argv[2]), SM_STR("app.py")));
}

static void every_short_prefix_and_one_byte_more_is_damaged(void **state)
{
	struct sm_hello in = hello_of(2, "x"), out;
	uint8_t bytes[SM_HELLO_MAX];
	uint32_t n = sm_hello_put(bytes, sizeof(bytes), &in), cases = 0;

	(void)state;
	for (uint32_t i = 0; i < n; i++, cases++)
		assert_int_equal(sm_hello_get(bytes, i, &out), SM_DAMAGED);
	bytes[n] = 0;
	assert_int_equal(sm_hello_get(bytes, n + 1, &out), SM_DAMAGED);
	assert_true(cases > 20);
}

static void other_versions_reasons_and_lists_are_refused(void **state)
{
	struct sm_hello in = hello_of(1, "x"), out;
	struct sm_value item = text("y");
	uint8_t bytes[SM_HELLO_MAX];
	uint32_t n = sm_hello_put(bytes, sizeof(bytes), &in);

	(void)state;
	bytes[1] = SM_CHANNEL_VERSION + 1;
	assert_int_equal(sm_hello_get(bytes, n, &out), SM_VERSION);
	bytes[1] = SM_CHANNEL_VERSION;
	bytes[2] = SM_HELLO_RELOAD + 1;
	assert_int_equal(sm_hello_get(bytes, n, &out), SM_DAMAGED);
	in.argv[0] = (struct sm_value){
		.type = SM_LIST, .len = 1, .full_len = 1, .items = &item
	};
	n = sm_hello_put(bytes, sizeof(bytes), &in);
	assert_int_equal(sm_hello_get(bytes, n, &out), SM_DAMAGED);
}

static void arguments_are_left_out_until_it_fits(void **state)
{
	char long_argument[4001];
	struct sm_hello in, out;
	uint8_t bytes[SM_HELLO_MAX];
	uint32_t n;

	(void)state;
	memset(long_argument, 'a', 4000);
	long_argument[4000] = 0;
	in = hello_of(SM_ITEMS_MAX, long_argument);
	n = sm_hello_put(bytes, sizeof(bytes), &in);
	assert_true(n > 0 && n <= SM_HELLO_MAX);
	assert_int_equal(sm_hello_get(bytes, n, &out), SM_OK);
	assert_int_equal(out.argc, SM_ITEMS_MAX / 8);
	assert_int_equal(sm_hello_put(bytes, 10, &in), 0);
}

static void longer_than_the_maximum_is_refused(void **state)
{
	static uint8_t bytes[SM_HELLO_MAX + 1];
	struct sm_hello out;

	(void)state;
	assert_int_equal(sm_hello_get(bytes, sizeof(bytes), &out), SM_LIMIT);
}

static void address_prints_and_parses(void **state)
{
	const struct sm_channel_address in = { .dev = UINT64_MAX,
					       .ino = 0x1f,
					       .fd = 700,
					       .flags = SM_CHANNEL_ENFORCE,
					       .key = { 1, [15] = 0xfe },
					       .path = "/tmp/secmgr-a:b/c" };
	struct sm_channel_address out;
	char print[SM_CHANNEL_TEXT_MAX];
	uint32_t n = sm_channel_print(&in, print, sizeof(print));

	(void)state;
	assert_string_equal(print, "ffffffffffffffff:1f:700:1:"
				   "010000000000000000000000000000fe:"
				   "/tmp/secmgr-a:b/c");
	assert_int_equal(n, strlen(print));
	assert_int_equal(sm_channel_parse(print, &out), SM_OK);
	assert_true(out.dev == in.dev && out.ino == in.ino);
	assert_int_equal(out.fd, 700);
	assert_int_equal(out.flags, SM_CHANNEL_ENFORCE);
	assert_memory_equal(out.key, in.key, sizeof(in.key));
	assert_string_equal(out.path, in.path);
	for (uint32_t room = 0; room <= n; room++)
		assert_int_equal(sm_channel_print(&in, print, room), 0);
}

#define KEY "0123456789abcdef0123456789abcdef"

static void addresses_of_another_form_are_refused(void **state)
{
	static const char *const bad[] = {
		"",
		":",
		"1",
		"1:2",
		"1:2:3",
		"1:2:3:4",
		"1:2:3:4:" KEY,
		"1:2:3:4:" KEY ":relative",
		"1:2:3::" KEY ":/x",
		"1:2::4:" KEY ":/x",
		"g:2:3:4:" KEY ":/x",
		"1:2:a:4:" KEY ":/x",
		"1:2:-3:4:" KEY ":/x",
		"1:2:2147483648:4:" KEY ":/x",
		"1:2:3:100000000:" KEY ":/x",
		"10000000000000000:2:3:4:" KEY ":/x",
		" 1:2:3:4:" KEY ":/x",
		"0x1:2:3:4:" KEY ":/x",
		"1:2:3:4:/x",
		"1:2:3:4::/x",
		"1:2:3:4:" KEY "0:/x",
		"1:2:3:4:0" KEY ":/x",
		"1:2:3:4:0123456789abcdef0123456789abcde:/x",
		"1:2:3:4:0123456789abcdef0123456789abcdeg:/x",
		"1:2:3:4:0123456789ABCDEF0123456789ABCDEF:/x",
	};
	struct sm_channel_address out;
	char path[200];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(sm_channel_parse(bad[i], &out), SM_INVALID);
		assert_int_equal(out.fd, -1);
	}
	assert_int_equal(
		sm_channel_parse("1:2:2147483647:ffffffff:" KEY ":/x", &out),
		SM_OK);
	snprintf(path, sizeof(path), "1:2:3:4:" KEY ":/%0*d",
		 SM_CHANNEL_PATH_MAX - 2, 0);
	assert_int_equal(sm_channel_parse(path, &out), SM_OK);
	snprintf(path, sizeof(path), "1:2:3:4:" KEY ":/%0*d",
		 SM_CHANNEL_PATH_MAX - 1, 0);
	assert_int_equal(sm_channel_parse(path, &out), SM_INVALID);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hello_comes_back_as_it_was),
		cmocka_unit_test(
			every_short_prefix_and_one_byte_more_is_damaged),
		cmocka_unit_test(other_versions_reasons_and_lists_are_refused),
		cmocka_unit_test(arguments_are_left_out_until_it_fits),
		cmocka_unit_test(longer_than_the_maximum_is_refused),
		cmocka_unit_test(address_prints_and_parses),
		cmocka_unit_test(addresses_of_another_form_are_refused),
	};

	return cmocka_run_group_tests_name("channel", tests, NULL, NULL);
}
