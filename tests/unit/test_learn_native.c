/* SPDX-License-Identifier: Apache-2.0 */
/* Native libraries after an upgrade, and the symbols of one library. */
#include "tests/unit/learn_fixture.h"

#define SITE "/srv/venv/lib/python3.11/site-packages/"
#define LIB  "/usr/lib/x86_64-linux-gnu/"

static struct sm_event native_event(struct sm_value args[2], const char *event,
				    const char *name, const char *by)
{
	bool is_symbol = !strcmp(event, "ctypes.dlsym");
	struct sm_event e;

	args[0] = args[1] = (struct sm_value){ .type = SM_NONE };
	args[is_symbol] = text(name);
	e = event_of(event, args, 1 + is_symbol);
	e.site.principal =
		(struct sm_principal){ .kind = SM_PRINCIPAL_DISTRIBUTION,
				       .name = sm_str_of(by),
				       .file = SM_STR("") };
	return e;
}

static void see(struct bench *b, const char *event, const char *name)
{
	struct sm_value args[2];
	struct sm_event e = native_event(args, event, name, "magic");

	add(b, 0, &e);
}

static bool gets(const struct bench *b, const char *event, const char *name,
		 const char *by)
{
	struct sm_value args[2];
	struct sm_event e = native_event(args, event, name, by);

	return allows(b, &e);
}

static void an_upgrade_of_a_library_passes(void **state)
{
	static const struct {
		const char *seen, *upgraded, *other;
	} rows[] = {
		{ "libz.so.1.2.13", "libz.so.1.3.1", "libz.so.2.2.13" },
		{ "libz.so.1", "libz.so.1", "libz.so.2" },
		{ LIB "libz.so.1.2.13", LIB "libz.so.1.2.14",
		  LIB "libc.so.6.2.14" },
		{ SITE "magic/libmagic-1a2b3c4d.so.5.44",
		  SITE "magic/libmagic-9f8e7d6c.so.6.1",
		  SITE "other/libmagic-9f8e7d6c.so.6.1" },
		{ SITE "other/libo-1a2b3c4d.so.5.44",
		  SITE "other/libo-1a2b3c4d.so.5.45",
		  SITE "other/libo-9f8e7d6c.so.5.44" },
		{ "lib<int>.so.1", "lib<int>.so.1", "lib7.so.1" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct bench b;

		start(&b);
		see_load(&b, SITE "magic/__init__.py");
		see(&b, "ctypes.dlopen", rows[i].seen);
		learn(&b);
		assert_true(gets(&b, "ctypes.dlopen", rows[i].seen, "magic"));
		assert_true(
			gets(&b, "ctypes.dlopen", rows[i].upgraded, "magic"));
		assert_false(
			gets(&b, "ctypes.dlopen", rows[i].upgraded, "else"));
		assert_false(gets(&b, "ctypes.dlopen", rows[i].other, "magic"));
		finish(&b);
	}
}

static void symbols_of_one_library_open_by_their_first_word(void **state)
{
	static const char *const symbols[] = { "magic_open", "magic_load",
					       "magic_file" };

	(void)state;
	for (int count = 2; count <= 3; count++) {
		struct bench b;

		start(&b);
		for (int i = 0; i < count; i++)
			see(&b, "ctypes.dlsym", symbols[i]);
		see(&b, "ctypes.dlsym", "getpid");
		learn(&b);
		assert_int_equal(
			gets(&b, "ctypes.dlsym", "magic_buffer", "magic"),
			count == 3);
		assert_true(gets(&b, "ctypes.dlsym", "magic_open", "magic"));
		assert_false(gets(&b, "ctypes.dlsym", "magic_buffer", "else"));
		assert_false(gets(&b, "ctypes.dlsym", "system", "magic"));
		assert_false(gets(&b, "ctypes.dlsym", "magic", "magic"));
		finish(&b);
	}
}

/* Nothing tells that they are of one library. */
static void symbols_without_a_first_word_stay_literal(void **state)
{
	static const char *const symbols[] = {
		"getpid",	 "getuid",
		"getgid",	 "_init",
		"x_a",		 "x_b",
		"x_c",		 "posix_fadvise",
		"posix_madvise", "posix_fallocate"
	};
	struct bench b;

	(void)state;
	start(&b);
	for (size_t i = 0; i < sizeof(symbols) / sizeof(*symbols); i++)
		see(&b, "ctypes.dlsym", symbols[i]);
	learn(&b);
	assert_true(gets(&b, "ctypes.dlsym", "getpid", "magic"));
	assert_false(gets(&b, "ctypes.dlsym", "getenv", "magic"));
	assert_false(gets(&b, "ctypes.dlsym", "x_d", "magic"));
	assert_false(gets(&b, "ctypes.dlsym", "_exit", "magic"));
	assert_false(gets(&b, "ctypes.dlsym", "posix_spawn", "magic"));
	finish(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_upgrade_of_a_library_passes),
		cmocka_unit_test(
			symbols_of_one_library_open_by_their_first_word),
		cmocka_unit_test(symbols_without_a_first_word_stay_literal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
