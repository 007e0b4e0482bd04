/* SPDX-License-Identifier: Apache-2.0 */
/*
 * print.c: rules to their canonical text.
 */
#include <stdio.h>
#include <stdlib.h>

#include "schema/policy.h"
#include "schema/policy/keys.h"
#include "schema/unicode.h"

struct printer {
	FILE *out;
	bool has_member; /* of the object being printed */
};

/* RFC 8259, 7: beyond the first plane as a pair of surrogates. */
static void put_escape(struct printer *p, int32_t point)
{
	if (point == '\n')
		fputs("\\n", p->out);
	else if (point == '\t')
		fputs("\\t", p->out);
	else if (point < 0x10000)
		fprintf(p->out, "\\u%04x", (unsigned)point);
	else
		fprintf(p->out, "\\u%04x\\u%04x",
			0xd800 + ((unsigned)(point - 0x10000) >> 10),
			0xdc00 + ((unsigned)point & 0x3ff));
}

/*
 * What cannot be seen, or reorders a line, is spelled out: names come from
 * recordings, and a policy is read line by line in a diff.
 */
static void put_string(struct printer *p, struct sm_str s)
{
	uint32_t at, n;

	fputc('"', p->out);
	for (at = 0; at < s.len; at += n) {
		int32_t point = sm_utf8_next(s, at, &n);

		if (point < 0)
			fprintf(p->out, "\\udc%02x", (uint8_t)s.p[at]);
		else if (point == '"' || point == '\\')
			fprintf(p->out, "\\%c", (char)point);
		else if (sm_is_unsafe(point))
			put_escape(p, point);
		else
			fwrite(s.p + at, 1, n, p->out);
	}
	fputc('"', p->out);
}

static void put_key(struct printer *p, const char *key)
{
	fprintf(p->out, "%s\"%s\": ", p->has_member ? ", " : "", key);
	p->has_member = true;
}

static void put_list(struct printer *p, const struct sm_strings *list)
{
	size_t i;

	fputc('[', p->out);
	for (i = 0; i < list->count; i++) {
		fputs(i ? ", " : "", p->out);
		put_string(p, list->items[i]);
	}
	fputc(']', p->out);
}

/* Names of the set bits, in the order of their numbers. */
static void put_accesses(struct printer *p, uint32_t access)
{
	const char *comma = "";
	int i;

	fputc('[', p->out);
	for (i = 0; i < SM_ACCESSES; i++) {
		if (!(access >> i & 1))
			continue;
		fprintf(p->out, "%s\"%s\"", comma,
			sm_access_name((enum sm_access)(1 << i)));
		comma = ", ";
	}
	fputc(']', p->out);
}

static void put_vias(struct printer *p, uint32_t via)
{
	const char *comma = "";
	int i;

	fputc('[', p->out);
	for (i = 0; i < SM_VIAS; i++) {
		if (!(via >> i & 1))
			continue;
		fprintf(p->out, "%s\"%s\"", comma, sm_via_name(i));
		comma = ", ";
	}
	fputc(']', p->out);
}

static const char *subject_of(const struct sm_rule *rule)
{
	if (rule->family == SM_FAMILY_FILES)
		return "path";
	if (rule->family == SM_FAMILY_EVENTS)
		return "name";
	return sm_access_name((enum sm_access)rule->access);
}

static void put_rule(struct printer *p, const struct sm_rule *rule)
{
	p->has_member = false;
	fputs("{ ", p->out);
	if (rule->id.len) {
		put_key(p, "id");
		put_string(p, rule->id);
	}
	put_key(p, subject_of(rule));
	put_string(p, rule->pattern);
	/* All of them is what deny means without the key, as people write. */
	if (rule->family == SM_FAMILY_FILES &&
	    !(rule->deny && rule->access == SM_ACCESS_ANY_FILE)) {
		put_key(p, "access");
		put_accesses(p, rule->access);
	}
	if (rule->has_args) {
		put_key(p, rule->family == SM_FAMILY_EVENTS ? "args" : "argv");
		put_list(p, &rule->args);
	}
	if (rule->by.count) {
		put_key(p, "by");
		put_list(p, &rule->by);
	}
	if (rule->via) {
		put_key(p, "via");
		put_vias(p, rule->via);
	}
	if (rule->makes_code) {
		put_key(p, "makes");
		put_string(p, SM_STR("code"));
	}
	if (rule->seen) {
		put_key(p, "seen");
		fprintf(p->out, "%llu", (unsigned long long)rule->seen);
	}
	fputs(" }", p->out);
}

static void open_section(struct printer *p, const char *name, char bracket)
{
	fprintf(p->out, ",\n  \"%s\": %c\n", name, bracket);
}

static bool is_in(const struct sm_rule *rule, int section)
{
	if (rule->bundle.len)
		return false;
	return section == SM_FAMILIES
		       ? rule->deny
		       : !rule->deny && rule->family == (enum sm_family)section;
}

static void put_rules(struct printer *p, const struct sm_rules *rules,
		      int section)
{
	bool is_open = false;
	size_t i;

	for (i = 0; i < rules->count; i++) {
		if (!is_in(&rules->rules[i], section))
			continue;
		if (is_open)
			fputs(",\n", p->out);
		else
			open_section(p,
				     section == SM_FAMILIES
					     ? "deny"
					     : sm_family_name(section),
				     '[');
		is_open = true;
		fputs("    ", p->out);
		put_rule(p, &rules->rules[i]);
	}
	if (is_open)
		fputs("\n  ]", p->out);
}

static void put_variables(struct printer *p, const struct sm_rules *rules)
{
	size_t i;

	if (!rules->variable_count)
		return;
	open_section(p, "variables", '{');
	for (i = 0; i < rules->variable_count; i++) {
		const struct sm_variable *v = &rules->variables[i];

		fputs(i ? ",\n    " : "    ", p->out);
		put_string(p, v->name);
		fputs(": ", p->out);
		if (v->values.count == 1)
			put_string(p, v->values.items[0]);
		else
			put_list(p, &v->values);
	}
	fputs("\n  }", p->out);
}

static void put_reviews(struct printer *p, const struct sm_rules *rules)
{
	bool is_open = false;
	size_t i;

	for (i = 0; i < rules->count; i++) {
		const struct sm_rule *rule = &rules->rules[i];

		if (!rule->review.len || !rule->id.len || rule->bundle.len)
			continue;
		if (is_open)
			fputs(",\n", p->out);
		else
			open_section(p, "review", '[');
		is_open = true;
		fputs("    { \"id\": ", p->out);
		put_string(p, rule->id);
		fputs(", \"reason\": ", p->out);
		put_string(p, rule->review);
		fputs(" }", p->out);
	}
	if (is_open)
		fputs("\n  ]", p->out);
}

static void put_modes(struct printer *p, const struct sm_rules *rules)
{
	static const char *const names[] = { "", "off", "warn", "block" };
	bool is_open = false;
	int f;

	for (f = 0; f < SM_FAMILIES; f++) {
		if (!rules->modes[f])
			continue;
		fprintf(p->out, "%s\"%s\": \"%s\"",
			is_open ? ", " : ",\n  \"modes\": { ",
			sm_family_name(f), names[rules->modes[f]]);
		is_open = true;
	}
	if (is_open)
		fputs(" }", p->out);
}

/* Closes what *out was opened for; false, and nothing, when it failed. */
static bool finish(struct printer *p, char **out)
{
	bool has_failed = ferror(p->out);

	if (!fclose(p->out) && !has_failed && *out)
		return true;
	free(*out);
	*out = NULL;
	return false;
}

enum sm_status sm_policy_print_rule(const struct sm_rule *rule, char **out)
{
	struct printer p = { 0 };
	size_t bytes;

	*out = NULL;
	p.out = open_memstream(out, &bytes);
	if (!p.out)
		return SM_NOMEM;
	put_rule(&p, rule);
	return finish(&p, out) ? SM_OK : SM_NOMEM;
}

enum sm_status sm_policy_print(const struct sm_rules *rules, char **out,
			       size_t *bytes)
{
	struct printer p = { 0 };
	int section;

	*out = NULL;
	*bytes = 0;
	p.out = open_memstream(out, bytes);
	if (!p.out)
		return SM_NOMEM;
	fputs("{\n  \"secmgr\": 1", p.out);
	put_variables(&p, rules);
	if (rules->use.count) {
		fputs(",\n  \"use\": ", p.out);
		put_list(&p, &rules->use);
	}
	for (section = 0; section <= SM_FAMILIES; section++)
		put_rules(&p, rules, section);
	put_reviews(&p, rules);
	put_modes(&p, rules);
	fputs("\n}\n", p.out);
	if (finish(&p, out))
		return SM_OK;
	*bytes = 0;
	return SM_NOMEM;
}
