/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "tools/cli.h"
#include "tools/cli_clock.h"
#include "tools/cli_escape.h"

/* -------------------------------------------------------------- fixtures */

struct settings {
	char text[100]; /* what set functions saw */
};

static int set_name(void *context, const char *value, struct sm_diag *diag)
{
	struct settings *s = context;

	if (!strcmp(value, "bad")) {
		(void)sm_fail(diag, SM_INVALID, "not a good name");
		return 1;
	}
	strcat(s->text, "name=");
	strcat(s->text, value);
	strcat(s->text, ";");
	return 0;
}

static int set_flag(void *context, const char *value, struct sm_diag *diag)
{
	struct settings *s = context;

	(void)diag;
	strcat(s->text, value ? value : "flag;");
	return 0;
}

static const struct sm_option options[] = {
	{ 'n', "name", "NAME", "a name of some kind", set_name },
	{ 0, "flag", NULL, "a flag", set_flag },
	{ 'O', "maybe", "[=X]",
	  "an option that may take a value and explains itself at such length "
	  "that it needs more than a single line",
	  set_flag },
	{ 0, NULL, NULL, NULL, NULL },
};

static const struct sm_program program = {
	"secmgr-test", "[options] THING...", "tests things",
	options,       SM_EXIT_USAGE,	     false,
};

static const struct sm_program wrapper = {
	"secmgr-wrap", "[options] -- COMMAND", "wraps things",
	options,       SM_EXIT_WRAPPER,	       true,
};

struct run {
	int status, first, argc;
	char *argv[12];
	struct settings settings;
	char out[4000], err[4000];
};

static void slurp(int fd, char *into, size_t room)
{
	ssize_t n;

	lseek(fd, 0, SEEK_SET);
	n = read(fd, into, room - 1);
	into[n > 0 ? n : 0] = 0;
}

/* Runs sm_cli_parse with both streams caught. */
static void parse(struct run *run, const struct sm_program *p, const char *line)
{
	static char words[500];
	int out = memfd_create("out", 0), err = memfd_create("err", 0);
	int saved_out = dup(1), saved_err = dup(2);

	memset(run, 0, sizeof(*run));
	snprintf(words, sizeof(words), "%s", line);
	run->argv[run->argc++] = (char *)(uintptr_t)p->name;
	for (char *w = strtok(words, " "); w; w = strtok(NULL, " "))
		run->argv[run->argc++] = w;
	fflush(stdout);
	dup2(out, 1);
	dup2(err, 2);
	run->status = sm_cli_parse(p, run->argc, run->argv, &run->settings,
				   &run->first);
	fflush(stdout);
	dup2(saved_out, 1);
	dup2(saved_err, 2);
	slurp(out, run->out, sizeof(run->out));
	slurp(err, run->err, sizeof(run->err));
	close(out);
	close(err);
	close(saved_out);
	close(saved_err);
}

/* What a printing function writes, as text. */
#define PRINTED(out, call)                                                     \
	({                                                                     \
		char *text_ = NULL;                                            \
		size_t bytes_ = 0;                                             \
		FILE *out = open_memstream(&text_, &bytes_);                   \
		static char copy_[500];                                        \
		call;                                                          \
		fclose(out);                                                   \
		memcpy(copy_, text_, bytes_ + 1);                              \
		free(text_);                                                   \
		copy_;                                                         \
	})

static const char *put(const char *text, uint32_t len, bool quoted)
{
	return PRINTED(f,
		       sm_cli_put(f, ((struct sm_str){ text, len }), quoted));
}
#define PUT(literal) put(literal, sizeof(literal) - 1, false)

static const char *json(const char *text, uint32_t len)
{
	return PRINTED(f, sm_cli_put_json(f, ((struct sm_str){ text, len })));
}
#define JSON(literal) json(literal, sizeof(literal) - 1)

/* --------------------------------------------------------------- options */

static void options_are_taken_in_every_spelling(void **state)
{
	struct run run;

	(void)state;
	parse(&run, &program, "a -n x --name=y --nam z --flag b -nw");
	assert_int_equal(run.status, -1);
	assert_string_equal(run.settings.text,
			    "name=x;name=y;name=z;flag;name=w;");
	assert_int_equal(run.argc - run.first, 2);
	assert_string_equal(run.argv[run.first], "a");
	assert_string_equal(run.argv[run.first + 1], "b");
}

static void optional_values_may_be_missing(void **state)
{
	struct run run;

	(void)state;
	parse(&run, &program, "--maybe --maybe=v -O -Ow");
	assert_int_equal(run.status, -1);
	assert_string_equal(run.settings.text, "flag;vflag;w");
}

static void a_wrapper_leaves_its_commands_options_alone(void **state)
{
	struct run run;

	(void)state;
	parse(&run, &wrapper, "-n x cmd --flag -n y --nonsense");
	assert_int_equal(run.status, -1);
	assert_string_equal(run.settings.text, "name=x;");
	assert_string_equal(run.argv[run.first], "cmd");
	assert_int_equal(run.argc - run.first, 5);
}

static void usage_errors_are_one_line_with_place_and_status(void **state)
{
	static const struct {
		const char *line, *says;
	} cases[] = {
		{ "--nonsense",
		  "secmgr-test: --nonsense: unknown or ambiguous option; "
		  "see secmgr-test --help\n" },
		{ "-q", "secmgr-test: -q: unknown or ambiguous option; "
			"see secmgr-test --help\n" },
		{ "--name", "secmgr-test: --name: a value is missing; "
			    "see secmgr-test --help\n" },
		{ "-n", "secmgr-test: -n: a value is missing; "
			"see secmgr-test --help\n" },
		{ "-n bad", "secmgr-test: --name: not a good name; "
			    "see secmgr-test --help\n" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct run run;

		parse(&run, &program, cases[i].line);
		assert_int_equal(run.status, SM_EXIT_USAGE);
		assert_string_equal(run.err, cases[i].says);
		assert_string_equal(run.out, "");
	}
}

static void a_wrappers_usage_errors_are_its_own_failure(void **state)
{
	struct run run;

	(void)state;
	parse(&run, &wrapper, "--nonsense cmd");
	assert_int_equal(run.status, SM_EXIT_WRAPPER);
}

static void help_fits_a_terminal_and_names_every_option(void **state)
{
	struct run run;

	(void)state;
	parse(&run, &program, "--help");
	assert_int_equal(run.status, SM_EXIT_OK);
	assert_non_null(strstr(run.out, "Usage: secmgr-test [options] THING"));
	assert_non_null(strstr(run.out, "  -n, --name=NAME"));
	assert_non_null(strstr(run.out, "      --flag "));
	assert_non_null(strstr(run.out, "  -O, --maybe[=X]"));
	assert_non_null(strstr(run.out, "--version"));
	for (char *l = strtok(run.out, "\n"); l; l = strtok(NULL, "\n"))
		assert_true(strlen(l) < 80);
}

static void version_names_program_and_version(void **state)
{
	struct run run;

	(void)state;
	parse(&run, &program, "--version");
	assert_int_equal(run.status, SM_EXIT_OK);
	assert_string_equal(run.out, "secmgr-test " SM_VERSION_TEXT "\n");
}

/* -------------------------------------------------------------- escaping */

static void harmless_text_stays_as_it_is(void **state)
{
	(void)state;
	assert_string_equal(PUT("/srv/shop/caf\xc3\xa9 \xe6\x97\xa5.txt"),
			    "/srv/shop/caf\xc3\xa9 \xe6\x97\xa5.txt");
	assert_string_equal(put("a\"b", 3, false), "a\"b");
	assert_string_equal(put("a\"b", 3, true), "\"a\\\"b\"");
	assert_string_equal(put("", 0, true), "\"\"");
}

static void bytes_that_act_on_a_terminal_are_inert(void **state)
{
	(void)state;
	assert_string_equal(PUT("\x1b[31m\x07\r\n\t"),
			    "\\x1b[31m\\x07\\x0d\\x0a\\x09");
	assert_string_equal(PUT("\x7f"), "\\x7f");
	assert_string_equal(put("\0", 1, false), "\\x00");
	assert_string_equal(PUT("\xc2\x9b"), "\\u009b");
	assert_string_equal(PUT("\xe2\x80\xae"), "\\u202e");
	assert_string_equal(PUT("\xe2\x81\xa6"), "\\u2066");
	assert_string_equal(PUT("\xe2\x80\xa8"), "\\u2028");
	assert_string_equal(PUT("\xf3\xa0\x81\x81"), "\\U000e0041");
	assert_string_equal(PUT("\\"), "\\\\");
}

static void invalid_utf8_is_shown_byte_by_byte(void **state)
{
	(void)state;
	assert_string_equal(PUT("\x80\xff"), "\\x80\\xff");
	assert_string_equal(PUT("\xc3"), "\\xc3");
	assert_string_equal(PUT("\xc0\xaf"), "\\xc0\\xaf"); /* overlong / */
	assert_string_equal(PUT("\xe0\x80\xaf"), "\\xe0\\x80\\xaf");
	assert_string_equal(PUT("\xed\xa0\x80"), "\\xed\\xa0\\x80");
	assert_string_equal(PUT("\xf4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80");
}

/* Every 1 and 2 byte text, and every 3rd byte after some: nothing raw. */
static void no_text_puts_a_control_on_the_terminal(void **state)
{
	unsigned count = 0;

	(void)state;
	for (unsigned a = 0; a < 256; a++) {
		for (unsigned b = 0; b < 256; b++) {
			char text[2] = { (char)a, (char)b };
			const char *shown = put(text, 2, false);

			count++;
			for (const char *p = shown; *p; p++) {
				assert_true((uint8_t)*p >= 0x20);
				assert_true(*p != 0x7f);
			}
			assert_null(strstr(shown, "\xc2\x80"));
			assert_null(strstr(shown, "\xc2\x9b"));
		}
	}
	assert_int_equal(count, 65536);
}

static void messages_cannot_be_split_by_their_place(void **state)
{
	char line[64];
	size_t n = sm_escape_line(line, sizeof(line), 0, "a\nb\x1b]0;x\a/\\c");

	(void)state;
	line[n] = 0;
	assert_string_equal(line, "a\\x0ab\\x1b]0;x\\x07/\\c");
	assert_int_equal(sm_escape_line(line, 5, 0, "abcdefgh"), 5);
	assert_int_equal(sm_escape_line(line, 5, 0, "abc\n"), 3);
}

/* ---------------------------------------------------------------- values */

static void values_look_like_python(void **state)
{
	struct sm_value items[3] = {
		{ .type = SM_TEXT, .len = 3, .full_len = 3, .s = "a'b" },
		{ .type = SM_INT, .i = -5 },
		{ .type = SM_OPAQUE, .len = 6, .full_len = 6, .s = "socket" },
	};
	struct sm_value list = {
		.type = SM_LIST, .len = 3, .full_len = 3, .items = items
	};
	struct sm_value bytes = {
		.type = SM_BYTES, .len = 2, .full_len = 9, .s = "\xff\x01"
	};
	struct sm_value digest = { .type = SM_DIGEST, .full_len = 7, .i = 10 };
	struct sm_value none = { .type = SM_NONE };

	(void)state;
	assert_string_equal(PRINTED(f, sm_cli_put_value(f, &list)),
			    "['a\\'b', -5, <socket>]");
	assert_string_equal(PRINTED(f, sm_cli_put_value(f, &bytes)),
			    "b'\\xff\\x01'...<9 bytes>");
	assert_string_equal(PRINTED(f, sm_cli_put_value(f, &digest)),
			    "<7 bytes, 000000000000000a>");
	assert_string_equal(PRINTED(f, sm_cli_put_value(f, &none)), "None");
}

/* ------------------------------------------------------------------ JSON */

static void json_strings_are_inert_and_lossless(void **state)
{
	(void)state;
	assert_string_equal(JSON("a\"\\\n\x1b"), "\"a\\\"\\\\\\n\\u001b\"");
	assert_string_equal(JSON("caf\xc3\xa9"), "\"caf\xc3\xa9\"");
	assert_string_equal(JSON("\xff\xe2\x80\xae"), "\"\\udcff\\u202e\"");
	assert_string_equal(JSON("\xf3\xa0\x81\x81"), "\"\\udb40\\udc41\"");
}

static void json_nests_and_separates(void **state)
{
	struct sm_value nan = { .type = SM_FLOAT, .f = NAN };
	struct sm_value cut = {
		.type = SM_BYTES, .len = 1, .full_len = 4, .s = "\xfe"
	};
	const char *text;

	(void)state;
	text = PRINTED(f, {
		struct sm_json j = { .out = f };

		sm_json_open(&j, NULL, '{');
		sm_json_put_uint(&j, "a", UINT64_MAX);
		sm_json_open(&j, "b", '[');
		sm_json_put_value(&j, NULL, &nan);
		sm_json_put_value(&j, NULL, &cut);
		sm_json_put_bool(&j, NULL, true);
		sm_json_close(&j, ']');
		sm_json_open(&j, "c", '{');
		sm_json_close(&j, '}');
		sm_json_put_text(&j, "d", NULL);
		sm_json_close(&j, '}');
	});
	assert_string_equal(text,
			    "{\"a\": 18446744073709551615, \"b\": [{\"float\": "
			    "\"nan\"}, {\"cut\": {\"bytes\": \"\\udcfe\"}, "
			    "\"length\": 4}, true], \"c\": {}, \"d\": null}\n");
}

/* As root, a file renamed over /dev/null would be everybody's. */
static void a_device_is_written_to_not_replaced(void **state)
{
	char directory[] = "/tmp/sm-replace-XXXXXX", path[64], text[8] = "";
	struct stat st;
	int reader;

	(void)state;
	assert_non_null(mkdtemp(directory));
	snprintf(path, sizeof(path), "%s/pipe", directory);
	assert_int_equal(mkfifo(path, 0600), 0);
	reader = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	assert_true(reader >= 0);
	assert_true(sm_cli_replace(&program, path, "policy", 6));
	assert_int_equal(read(reader, text, sizeof(text)), 6);
	assert_string_equal(text, "policy");
	assert_int_equal(lstat(path, &st), 0);
	assert_true(S_ISFIFO(st.st_mode));
	close(reader);
	unlink(path);
	rmdir(directory);
}

/* Who asks for events until then asks for none, and not for all. */
static void a_time_before_the_boot_is_a_time(void **state)
{
	const struct sm_clock clock = { .origin_ns = 5000000000,
					.monotonic_ns = 7000000000,
					.realtime_ns = 1000000007000000000 };
	struct sm_diag diag;
	uint64_t ns;

	(void)state;
	assert_int_equal(
		sm_clock_parse(&clock, "2001-09-09T01:46:43Z", &ns, &diag),
		SM_OK);
	assert_int_equal(ns, 3000000000);
	assert_int_equal(
		sm_clock_parse(&clock, "2001-09-09T01:46:39Z", &ns, &diag),
		SM_OK);
	assert_in_range(ns, 1, 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(options_are_taken_in_every_spelling),
		cmocka_unit_test(optional_values_may_be_missing),
		cmocka_unit_test(a_wrapper_leaves_its_commands_options_alone),
		cmocka_unit_test(
			usage_errors_are_one_line_with_place_and_status),
		cmocka_unit_test(a_wrappers_usage_errors_are_its_own_failure),
		cmocka_unit_test(help_fits_a_terminal_and_names_every_option),
		cmocka_unit_test(version_names_program_and_version),
		cmocka_unit_test(harmless_text_stays_as_it_is),
		cmocka_unit_test(bytes_that_act_on_a_terminal_are_inert),
		cmocka_unit_test(invalid_utf8_is_shown_byte_by_byte),
		cmocka_unit_test(no_text_puts_a_control_on_the_terminal),
		cmocka_unit_test(messages_cannot_be_split_by_their_place),
		cmocka_unit_test(values_look_like_python),
		cmocka_unit_test(json_strings_are_inert_and_lossless),
		cmocka_unit_test(json_nests_and_separates),
		cmocka_unit_test(a_device_is_written_to_not_replaced),
		cmocka_unit_test(a_time_before_the_boot_is_a_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
