/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/report.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "schema/ascii.h"
#include "tools/cli_escape.h"

/* ------------------------------------------------------------------ JUnit */

/* XML 1.0 has no way to say control characters: they become \xNN text. */
static void put_xml(FILE *out, struct sm_str text)
{
	uint32_t n;

	for (uint32_t at = 0; at < text.len; at += n) {
		int32_t point = sm_utf8_next(text, at, &n);

		if (point < 0)
			fprintf(out, "\\x%02x", (uint8_t)text.p[at]);
		else if (point == '&')
			fputs("&amp;", out);
		else if (point == '<')
			fputs("&lt;", out);
		else if (point == '>')
			fputs("&gt;", out);
		else if (point == '"')
			fputs("&quot;", out);
		else if (sm_is_unsafe(point) || (point & ~1) == 0xfffe)
			fprintf(out, "\\x%02" PRIx32, (uint32_t)point);
		else
			fwrite(text.p + at, 1, n, out);
	}
}

static void put_attribute(FILE *out, const char *name, struct sm_str value)
{
	fprintf(out, " %s=\"", name);
	put_xml(out, value);
	putc('"', out);
}

static void put_case(FILE *out, const struct sm_report *report,
		     const struct sm_report_case *c)
{
	bool is_failure = c->outcome == SM_OUTCOME_FAIL;

	fputs("    <testcase", out);
	put_attribute(out, "classname", sm_str_of(report->tool));
	put_attribute(out, "name", sm_str_of(c->name));
	if (c->outcome == SM_OUTCOME_PASS) {
		fputs("/>\n", out);
		return;
	}
	fputs(is_failure ? ">\n      <failure" : ">\n      <skipped", out);
	if (is_failure)
		put_attribute(out, "type", sm_str_of(c->reason));
	put_attribute(out, "message", sm_str_of(c->text));
	putc('>', out);
	/* The schema has no attribute for a place. */
	put_xml(out, c->file);
	if (c->file.len && c->line)
		fprintf(out, ":%" PRIu32, c->line);
	fputs(is_failure ? "</failure>" : "</skipped>", out);
	fputs("\n    </testcase>\n", out);
}

static void put_counts(FILE *out, const struct sm_report_case *cases,
		       size_t count)
{
	size_t failures = 0;

	for (size_t i = 0; i < count; i++)
		failures += cases[i].outcome == SM_OUTCOME_FAIL;
	fprintf(out, " tests=\"%zu\" failures=\"%zu\" errors=\"0\"", count,
		failures);
}

static void put_skipped(FILE *out, const struct sm_report_case *cases,
			size_t count)
{
	size_t skipped = 0;

	for (size_t i = 0; i < count; i++)
		skipped += cases[i].outcome == SM_OUTCOME_WARN;
	fprintf(out, " skipped=\"%zu\"", skipped);
}

/* A testcase each; warnings are skipped tests. */
static void put_junit(FILE *out, const struct sm_report *report)
{
	size_t first, end;

	fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites", out);
	put_attribute(out, "name", sm_str_of(report->tool));
	put_counts(out, report->cases, report->count);
	fputs(">\n", out);
	for (first = 0; first < report->count; first = end) {
		const char *suite = report->cases[first].suite;

		for (end = first; end < report->count &&
				  !strcmp(report->cases[end].suite, suite);)
			end++;
		fputs("  <testsuite", out);
		put_attribute(out, "name", sm_str_of(suite));
		put_counts(out, report->cases + first, end - first);
		put_skipped(out, report->cases + first, end - first);
		fputs(">\n", out);
		for (size_t i = first; i < end; i++)
			put_case(out, report, &report->cases[i]);
		fputs("  </testsuite>\n", out);
	}
	fputs("</testsuites>\n", out);
}

/* ------------------------------------------------------------------ SARIF */

#define RULE_MAX 200

static void name_rule(const struct sm_report_case *c, char out[RULE_MAX])
{
	snprintf(out, RULE_MAX, "%s/%s", c->suite, c->reason);
}

static bool is_first_of_rule(const struct sm_report *report, size_t at)
{
	const struct sm_report_case *c = &report->cases[at];

	for (size_t i = 0; i < at; i++)
		if (report->cases[i].outcome != SM_OUTCOME_PASS &&
		    !strcmp(report->cases[i].suite, c->suite) &&
		    !strcmp(report->cases[i].reason, c->reason))
			return false;
	return true;
}

static void put_message(struct sm_json *j, const char *key, const char *text)
{
	sm_json_open(j, key, '{');
	sm_json_put_text(j, "text", text);
	sm_json_close(j, '}');
}

static void put_rules(struct sm_json *j, const struct sm_report *report)
{
	char text[RULE_MAX];

	sm_json_open(j, "rules", '[');
	for (size_t i = 0; i < report->count; i++) {
		const struct sm_report_case *c = &report->cases[i];

		if (c->outcome == SM_OUTCOME_PASS ||
		    !is_first_of_rule(report, i))
			continue;
		sm_json_open(j, NULL, '{');
		name_rule(c, text);
		sm_json_put_text(j, "id", text);
		snprintf(text, sizeof(text), "%s: %s", c->suite, c->reason);
		put_message(j, "shortDescription", text);
		sm_json_close(j, '}');
	}
	sm_json_close(j, ']');
}

/* RFC 3986: what is neither unreserved nor / becomes %NN. */
static void put_uri(struct sm_json *j, struct sm_str path)
{
	char uri[3 * 4096 + 8];
	size_t n = 0;

	if (path.len && path.p[0] == '/')
		n = (size_t)snprintf(uri, sizeof(uri), "file://");
	for (uint32_t i = 0; i < path.len && n < sizeof(uri) - 4; i++) {
		char c = path.p[i];
		bool is_plain = sm_is_alnum(c) || (c && strchr("-._~/", c));

		if (is_plain)
			uri[n++] = c;
		else
			n += (size_t)snprintf(uri + n, 4, "%%%02X", (uint8_t)c);
	}
	sm_json_put_str(j, "uri", (struct sm_str){ uri, (uint32_t)n });
}

/* <string> and <frozen importlib> are no files. */
static bool is_file(struct sm_str file)
{
	return file.len && file.p[0] != '<';
}

static void put_location(struct sm_json *j, const struct sm_report_case *c)
{
	sm_json_open(j, "locations", '[');
	if (is_file(c->file)) {
		sm_json_open(j, NULL, '{');
		sm_json_open(j, "physicalLocation", '{');
		sm_json_open(j, "artifactLocation", '{');
		put_uri(j, c->file);
		sm_json_close(j, '}');
		if (c->line) {
			sm_json_open(j, "region", '{');
			sm_json_put_uint(j, "startLine", c->line);
			sm_json_close(j, '}');
		}
		sm_json_close(j, '}');
		sm_json_close(j, '}');
	}
	sm_json_close(j, ']');
}

static void put_result(struct sm_json *j, const struct sm_report_case *c)
{
	char rule[RULE_MAX];

	name_rule(c, rule);
	sm_json_open(j, NULL, '{');
	sm_json_put_text(j, "ruleId", rule);
	sm_json_put_text(j, "level",
			 c->outcome == SM_OUTCOME_FAIL ? "error" : "warning");
	put_message(j, "message", c->text);
	sm_json_put_uint(j, "occurrenceCount", c->count ? c->count : 1);
	put_location(j, c);
	sm_json_close(j, '}');
}

/* A result for every case that did not pass; its rule is "suite/reason". */
static void put_sarif(FILE *out, const struct sm_report *report)
{
	struct sm_json j = { .out = out, .is_pretty = true };

	sm_json_open(&j, NULL, '{');
	sm_json_put_text(&j, "$schema",
			 "https://json.schemastore.org/sarif-2.1.0.json");
	sm_json_put_text(&j, "version", "2.1.0");
	sm_json_open(&j, "runs", '[');
	sm_json_open(&j, NULL, '{');
	sm_json_open(&j, "tool", '{');
	sm_json_open(&j, "driver", '{');
	sm_json_put_text(&j, "name", report->tool);
	sm_json_put_text(&j, "version", SM_VERSION_TEXT);
	put_rules(&j, report);
	sm_json_close(&j, '}');
	sm_json_close(&j, '}');
	sm_json_open(&j, "results", '[');
	for (size_t i = 0; i < report->count; i++)
		if (report->cases[i].outcome != SM_OUTCOME_PASS)
			put_result(&j, &report->cases[i]);
	sm_json_close(&j, ']');
	sm_json_close(&j, '}');
	sm_json_close(&j, ']');
	sm_json_close(&j, '}');
}

static int write_one(const struct sm_program *program,
		     const struct sm_report *report, const char *path,
		     void (*put)(FILE *, const struct sm_report *))
{
	char *text = NULL;
	size_t bytes = 0;
	FILE *out = open_memstream(&text, &bytes);
	bool is_bad = !out;

	if (out) {
		put(out, report);
		is_bad = fclose(out) != 0;
	}
	/* At once: a CI job that was stopped has the old one or none. */
	if (is_bad)
		sm_cli_error(program, path, "out of memory");
	else
		is_bad = !sm_cli_replace(program, path, text, bytes);
	free(text);
	return is_bad ? SM_EXIT_USAGE : SM_EXIT_OK;
}

int sm_report_write(const struct sm_program *program,
		    const struct sm_report *report, const char *junit,
		    const char *sarif)
{
	int status = SM_EXIT_OK;

	if (junit && sarif && !strcmp(junit, sarif)) {
		sm_cli_error(program, junit,
			     "named by --junit and by --sarif; nothing is "
			     "written");
		return SM_EXIT_USAGE;
	}
	if (junit)
		status = write_one(program, report, junit, put_junit);
	if (sarif && write_one(program, report, sarif, put_sarif))
		status = SM_EXIT_USAGE;
	return status;
}
