/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/cli.h"

#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/cli_escape.h"

#define OPTIONS_MAX   48
#define MESSAGE_MAX   2048
#define HELP_WIDTH    80
#define HELP_INDENT   27    /* where explanations start */
#define LONG_ONLY     0x100 /* getopt_long values of options: + row number */
#define VALUE_HELP    (LONG_ONLY + OPTIONS_MAX)
#define VALUE_VERSION (VALUE_HELP + 1)

static size_t option_count(const struct sm_program *program)
{
	size_t n = 0;

	while (program->options && program->options[n].name && n < OPTIONS_MAX)
		n++;
	return n;
}

static bool is_optional(const struct sm_option *option)
{
	return option->value && option->value[0] == '[';
}

/* ------------------------------------------------------------------- help */

/* "  -o, --output=FILE"; returns the columns used. */
static int put_option_head(const struct sm_option *option)
{
	int n = option->letter
			? printf("  -%c, --%s", option->letter, option->name)
			: printf("      --%s", option->name);

	if (option->value)
		n += printf("%s%s", is_optional(option) ? "" : "=",
			    option->value);
	return n;
}

/* Breaks text at spaces so that lines end before HELP_WIDTH. */
static void put_wrapped(const char *text, int column)
{
	if (column >= HELP_INDENT) {
		putchar('\n');
		column = 0;
	}
	printf("%*s", HELP_INDENT - column, "");
	column = HELP_INDENT;
	while (*text) {
		int word = (int)strcspn(text, " ");

		if (column > HELP_INDENT && column + 1 + word >= HELP_WIDTH) {
			printf("\n%*s", HELP_INDENT, "");
			column = HELP_INDENT;
		} else if (column > HELP_INDENT) {
			putchar(' ');
			column++;
		}
		printf("%.*s", word, text);
		column += word;
		text += word;
		text += strspn(text, " ");
	}
	putchar('\n');
}

static void put_help(const struct sm_program *program)
{
	printf("Usage: %s %s\n%s\n\n", program->name, program->usage,
	       program->summary);
	for (size_t i = 0; i < option_count(program); i++) {
		const struct sm_option *option = &program->options[i];

		put_wrapped(option->help, put_option_head(option));
	}
	put_wrapped("this text; the whole story is in the man page",
		    printf("      --help"));
	put_wrapped("name and version", printf("      --version"));
}

/* ---------------------------------------------------------------- options */

static void build_tables(const struct sm_program *program,
			 struct option longs[OPTIONS_MAX + 3],
			 char shorts[2 + 3 * OPTIONS_MAX + 1])
{
	size_t n = option_count(program);
	char *at = shorts;

	*at++ = program->stops_at_operand ? '+' : '-';
	if (!program->stops_at_operand)
		at--;
	*at++ = ':';
	for (size_t i = 0; i < n; i++) {
		const struct sm_option *option = &program->options[i];
		int has = !option->value	? no_argument
			  : is_optional(option) ? optional_argument
						: required_argument;

		longs[i] = (struct option){ option->name, has, NULL,
					    LONG_ONLY + (int)i };
		if (!option->letter)
			continue;
		*at++ = option->letter;
		for (int colons = has; colons > 0; colons--)
			*at++ = ':';
	}
	*at = 0;
	longs[n] = (struct option){ "help", no_argument, NULL, VALUE_HELP };
	longs[n + 1] =
		(struct option){ "version", no_argument, NULL, VALUE_VERSION };
	longs[n + 2] = (struct option){ NULL, 0, NULL, 0 };
}

static const struct sm_option *find_option(const struct sm_program *program,
					   int value)
{
	if (value >= LONG_ONLY)
		return &program->options[value - LONG_ONLY];
	for (size_t i = 0; i < option_count(program); i++)
		if (program->options[i].letter == value)
			return &program->options[i];
	return NULL;
}

static int usage_error(const struct sm_program *program, char **argv, int found)
{
	char letter[3] = { '-', (char)optopt, 0 };
	const char *text =
		optopt && optopt < LONG_ONLY ? letter : argv[optind - 1];

	if (found == ':')
		sm_cli_error(program, text, "a value is missing; see %s --help",
			     program->name);
	else
		sm_cli_error(program, text,
			     "unknown or ambiguous option; see %s --help",
			     program->name);
	return program->usage_status;
}

static int apply(const struct sm_program *program, int found, char **argv,
		 void *context)
{
	const struct sm_option *option = find_option(program, found);
	struct sm_diag diag = { .status = SM_OK };
	char place[80];

	if (!option)
		return usage_error(program, argv, '?');
	if (!option->set(context, optarg, &diag))
		return -1;
	snprintf(place, sizeof(place), "--%s", option->name);
	sm_cli_error(program, place, "%s; see %s --help",
		     diag.text[0] ? diag.text : "bad value", program->name);
	return program->usage_status;
}

int sm_cli_parse(const struct sm_program *program, int argc, char **argv,
		 void *context, int *first)
{
	struct option longs[OPTIONS_MAX + 3];
	char shorts[2 + 3 * OPTIONS_MAX + 1];
	int found;

	build_tables(program, longs, shorts);
	opterr = 0;
	optind = 0; /* glibc: start anew, so that tests can parse twice */
	while ((found = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
		int status = -1;

		if (found == '?' || found == ':')
			return usage_error(program, argv, found);
		if (found == VALUE_HELP) {
			put_help(program);
			return sm_cli_finish(program, SM_EXIT_OK);
		}
		if (found == VALUE_VERSION) {
			printf("%s %s\n", program->name, SM_VERSION_TEXT);
			return sm_cli_finish(program, SM_EXIT_OK);
		}
		status = apply(program, found, argv, context);
		if (status != -1)
			return status;
	}
	*first = optind;
	return -1;
}

/* --------------------------------------------------------------- messages */

void (*sm_cli_before_message)(void);

static void put_message(const struct sm_program *program, const char *place,
			const char *text)
{
	char line[MESSAGE_MAX];
	size_t used = 0;

	if (sm_cli_before_message)
		sm_cli_before_message();

	used = sm_escape_line(line, sizeof(line) - 1, used, program->name);
	used = sm_escape_line(line, sizeof(line) - 1, used, ": ");
	if (place) {
		used = sm_escape_line(line, sizeof(line) - 1, used, place);
		used = sm_escape_line(line, sizeof(line) - 1, used, ": ");
	}
	used = sm_escape_line(line, sizeof(line) - 1, used, text);
	line[used++] = '\n';
	/* Data written so far comes first when both streams are one file. */
	fflush(stdout);
	for (size_t done = 0; done < used;) {
		ssize_t n = write(STDERR_FILENO, line + done, used - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return; /* nobody is left to be told */
		done += (size_t)n;
	}
}

void sm_cli_error(const struct sm_program *program, const char *place,
		  const char *format, ...)
{
	char text[MESSAGE_MAX];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	put_message(program, place, text);
}

void sm_cli_diag(const struct sm_program *program, const char *place,
		 const struct sm_diag *diag)
{
	const char *text =
		diag->text[0] ? diag->text : sm_status_text(diag->status);
	char where[MESSAGE_MAX];

	/* Many diagnostics already begin with the file's name. */
	if (place && !strncmp(text, place, strlen(place)) && !diag->line)
		place = NULL;
	if (!diag->line) {
		put_message(program, place, text);
		return;
	}
	if (diag->column)
		snprintf(where, sizeof(where), "%s:%u:%u", place ? place : "",
			 diag->line, diag->column);
	else
		snprintf(where, sizeof(where), "%s:%u", place ? place : "",
			 diag->line);
	put_message(program, where, text);
}

/* ----------------------------------------------------------------- stdout */

int sm_cli_finish(const struct sm_program *program, int status)
{
	errno = 0;
	if (!fflush(stdout) && !ferror(stdout))
		return status;
	/* An earlier write failed, and why is forgotten: one more tells. */
	if (!errno && write(STDOUT_FILENO, "\n", 1) > 0)
		errno = 0;
	sm_cli_error(program, "standard output", "%s",
		     errno ? strerror(errno) : "could not be written");
	return program->usage_status;
}

bool sm_cli_has_colour(FILE *stream)
{
	const char *no = getenv("NO_COLOR");
	const char *term = getenv("TERM");

	return !(no && *no) && !(term && !strcmp(term, "dumb")) &&
	       isatty(fileno(stream));
}
