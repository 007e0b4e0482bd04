/* SPDX-License-Identifier: Apache-2.0 */
/*
 * compile.c: rules, bundles and variables to one flat blob.
 */
#include <stdio.h>
#include <stdlib.h>

#include "schema/hash.h"
#include "schema/policy/compile.h"
#include "schema/policy/symbol.h"

enum sm_status sm_compile_key(struct sm_build *b, enum sm_blob_root root,
			      struct sm_str spelling, uint32_t number)
{
	const struct sm_scan how = { .is_code_name = root == SM_ROOT_RUN };
	uint32_t node;
	enum sm_status status =
		sm_build_child(b, b->roots[root], spelling, how, &node);

	return status ? status : sm_build_grant(b, node, number);
}

/* --------------------------------------------------------------------- code */

struct loading {
	struct sm_build *b;
	uint32_t number, marker;
};

static enum sm_status build_below(void *context, struct sm_str directory,
				  struct sm_str rest, bool is_exception)
{
	const struct loading *l = context;

	return sm_build_below(l->b, l->b->roots[SM_ROOT_LOAD], directory, rest,
			      is_exception ? l->marker : l->number);
}

static enum sm_status build_load(struct sm_build *b, const struct sm_rule *rule,
				 uint32_t number, uint32_t marker)
{
	struct loading loading = { b, number, marker };

	if (!sm_is_symbol(rule->pattern))
		return sm_build_path(b, b->roots[SM_ROOT_LOAD], rule->pattern,
				     rule->line, number);
	if (sm_str_equal(rule->pattern, SM_STR("stdlib")) && !rule->deny)
		sm_compile_record_at(b, number)->flags |= SM_RULE_STDLIB;
	return sm_symbol_expand(b, rule->pattern, rule->line, build_below,
				&loading);
}

/* --------------------------------------------------------------- everything */

static enum sm_status build_index(struct sm_build *b,
				  const struct sm_rule *rule, uint32_t number,
				  uint32_t marker)
{
	struct sm_str p = rule->pattern;
	uint32_t told;

	switch (rule->access) {
	case SM_ACCESS_LOAD:
		return build_load(b, rule, number, marker);
	case SM_ACCESS_RUN:
		return sm_compile_key(b, SM_ROOT_RUN, p, number);
	case SM_ACCESS_EXEC:
		return sm_build_path(b, b->roots[SM_ROOT_PROGRAM], p,
				     rule->line, number);
	case SM_ACCESS_SHELL:
		return sm_compile_shell(b, rule, number);
	case SM_ACCESS_SIGNAL:
		return sm_compile_key(b, SM_ROOT_SIGNAL, p, number);
	case SM_ACCESS_ENVIRONMENT:
		return sm_compile_key(b, SM_ROOT_ENVIRONMENT, p, number);
	case SM_ACCESS_CLASS:
		return sm_compile_key(b, SM_ROOT_CLASS, p, number);
	case SM_ACCESS_RAISE:
		return sm_compile_key(b, SM_ROOT_EVENT, p, number);
	case SM_ACCESS_DLOPEN:
	case SM_ACCESS_DLSYM:
		if (p.len && (p.p[0] == '/' || sm_pattern_variable(p)))
			return sm_build_path(b, b->roots[SM_ROOT_LIBRARY], p,
					     rule->line, number);
		return sm_compile_key(b, SM_ROOT_NATIVE, p, number);
	}
	if (rule->family == SM_FAMILY_NETWORK)
		return sm_compile_network(b, rule, number);
	told = sm_pattern_named(p) + sm_pattern_start(p);
	if (told)
		return sm_build_below(
			b,
			b->roots[sm_pattern_start(p) ? SM_ROOT_START
						     : SM_ROOT_NAMED],
			(struct sm_str){ NULL, 0 },
			(struct sm_str){ p.p + told, p.len - told }, number);
	return sm_build_path(b, b->roots[SM_ROOT_FILES], p, rule->line, number);
}

static enum sm_status check_rule(struct sm_build *b, const struct sm_rule *rule)
{
	struct sm_diag why;

	if (!sm_policy_check_rule(rule, &why))
		return SM_OK;
	return sm_fail_at(b->diag, SM_INVALID, rule->line, 1,
			  "rule \"%.*s\": %.300s", (int)rule->id.len,
			  rule->id.p, why.text);
}

/*
 * A bundle serves policies with and without a temporary directory: its rules
 * for a variable the policy does not define fall away.
 */
static bool is_dropped(struct sm_build *b, const struct sm_rule *rule)
{
	uint32_t n = sm_pattern_variable(rule->pattern);
	struct sm_str values[SM_VALUES_OF_VARIABLE_MAX], name;
	struct sm_diag *diag = b->diag;
	enum sm_status status = SM_OK;
	size_t count;

	if (!rule->bundle.len || !n)
		return false;
	name = (struct sm_str){ rule->pattern.p + 2, n - 3 };
	b->diag = NULL;
	status = sm_build_values(b, name, 0, values, SM_VALUES_OF_VARIABLE_MAX,
				 &count);
	b->diag = diag;
	return status == SM_NOT_FOUND;
}

/* Where the rule stands; a bundle's stands where the bundle is named. */
static void place_complaint(struct sm_diag *diag, const struct sm_rule *rule)
{
	char text[sizeof(diag->text)];

	if (!diag || !diag->text[0])
		return;
	diag->line = rule->line;
	diag->column = rule->column;
	if (!rule->bundle.len)
		return;
	snprintf(text, sizeof(text), "bundle \"%.*s\": rule \"%.*s\": %.200s",
		 (int)rule->bundle.len, rule->bundle.p, (int)rule->id.len,
		 rule->id.p, diag->text);
	memcpy(diag->text, text, sizeof(text));
}

static enum sm_status build_rules(struct sm_build *b)
{
	struct sm_blob_rule *marker;
	enum sm_status status = SM_OK;
	uint32_t i, last = (uint32_t)b->rules->count;
	int root;

	for (root = 0; !status && root < SM_BLOB_ROOTS; root++)
		status = sm_build_node(b, &b->roots[root]);
	for (i = 0; !status && i < last; i++) {
		const struct sm_rule *rule = &b->rules->rules[i];

		status = check_rule(b, rule);
		if (!status)
			status = sm_compile_record(b, rule);
		if (!status && !is_dropped(b, rule))
			status = build_index(b, rule, i, last);
		if (status)
			place_complaint(b->diag, rule);
	}
	if (status)
		return status;
	marker = sm_build_push(&b->sections[SM_BLOB_RULES], sizeof(*marker));
	if (!marker)
		return SM_NOMEM;
	marker->flags = SM_RULE_NOT_STDLIB;
	marker->who = UINT64_MAX;
	marker->family = SM_FAMILY_CODE;
	return SM_OK;
}

static enum sm_status add_bundle(struct sm_rules *all,
				 const struct sm_rules *user,
				 struct sm_str name, struct sm_diag *diag)
{
	char text[64];
	struct sm_rules *bundle;
	struct sm_rule rule;
	enum sm_status status;
	size_t i;

	if (name.len >= sizeof(text))
		return sm_fail(diag, SM_NOT_FOUND,
			       "there is no bundle \"%.*s\"", (int)name.len,
			       name.p);
	memcpy(text, name.p, name.len);
	text[name.len] = 0;
	if (!sm_bundle_text(text))
		return sm_fail(diag, SM_NOT_FOUND, "there is no bundle \"%s\"",
			       text);
	status = sm_policy_parse(sm_bundle_text(text),
				 strlen(sm_bundle_text(text)), &bundle, diag);
	for (i = 0; !status && i < bundle->count; i++) {
		rule = bundle->rules[i];
		rule.bundle = name;
		rule.line = user->use_line;
		rule.column = user->use_column;
		status = sm_rules_add(all, &rule);
	}
	sm_rules_free(bundle);
	return status;
}

static enum sm_status join(const struct sm_rules *rules, struct sm_rules *all,
			   struct sm_diag *diag)
{
	enum sm_status status = SM_OK;
	size_t i;

	for (i = 0; !status && i < rules->count; i++)
		status = sm_rules_add(all, &rules->rules[i]);
	for (i = 0; !status && i < rules->variable_count; i++)
		status =
			sm_rules_set_variable(all, rules->variables[i].name,
					      rules->variables[i].values.items,
					      rules->variables[i].values.count);
	for (i = 0; !status && i < rules->use.count; i++)
		status = add_bundle(all, rules, rules->use.items[i], diag);
	return status;
}

enum sm_status sm_policy_expand(const struct sm_rules *rules,
				struct sm_rules **out, struct sm_diag *diag)
{
	struct sm_rules *all = sm_rules_new();
	enum sm_status status = all ? join(rules, all, diag) : SM_NOMEM;

	if (status == SM_NOMEM)
		sm_fail(diag, status, "out of memory");
	if (status) {
		sm_rules_free(all);
		all = NULL;
	}
	*out = all;
	return status;
}

/* What every policy has: where it is at work, and whose library. */
static bool has_every_policy(struct sm_str name)
{
	static const char *const always[] = { "HOME", "TMP", "CWD", "STDLIB",
					      "SITE" };

	for (size_t i = 0; i < sizeof(always) / sizeof(*always); i++)
		if (sm_str_equal(name, sm_str_of(always[i])))
			return true;
	return false;
}

static bool defines(const struct sm_rules *rules, struct sm_str name)
{
	for (size_t i = 0; i < rules->variable_count; i++)
		if (sm_str_equal(rules->variables[i].name, name))
			return true;
	return false;
}

/* In the text, where some rule names it. */
static bool names(const char *text, size_t bytes, struct sm_str name)
{
	char variable[128];
	int n = snprintf(variable, sizeof(variable), "${%.*s}", (int)name.len,
			 name.p);

	return n > 0 && (size_t)n < sizeof(variable) &&
	       memmem(text, bytes, variable, (size_t)n);
}

enum sm_status sm_policy_has_variable(const struct sm_rules *rules,
				      struct sm_str name, bool *has)
{
	struct sm_rules *all;
	enum sm_status status;
	size_t bytes;
	char *text;

	*has = defines(rules, name) || has_every_policy(name);
	if (*has)
		return SM_OK;
	status = sm_policy_expand(rules, &all, NULL);
	if (status)
		return status;
	status = sm_policy_print(all, &text, &bytes);
	if (!status) {
		*has = names(text, bytes, name);
		free(text);
	}
	sm_rules_free(all);
	return status;
}

static enum sm_status fill_header(struct sm_build *b,
				  const struct sm_rules *rules,
				  struct sm_blob_header *h)
{
	enum sm_mode events = rules->modes[SM_FAMILY_EVENTS];
	enum sm_status status;
	size_t bytes;
	char *text;
	int f;

	for (f = 0; f < SM_FAMILIES; f++)
		h->modes[f] = rules->modes[f] ? rules->modes[f] : SM_MODE_BLOCK;
	h->mode_of_unknown = events ? events : SM_MODE_WARN;
	status = sm_build_directories(b, "STDLIB", &h->stdlib);
	if (!status)
		status = sm_build_directories(b, "SITE", &h->site);
	if (!status)
		status = sm_policy_print(rules, &text, &bytes);
	if (status)
		return status;
	status = sm_sha256(text, bytes, h->digest);
	free(text);
	return status;
}

enum sm_status sm_policy_compile(const struct sm_rules *rules,
				 const struct sm_binding *bindings,
				 size_t binding_count, void **blob,
				 size_t *bytes, struct sm_diag *diag)
{
	struct sm_rules *all = sm_rules_new();
	struct sm_build b = { .rules = all,
			      .bindings = bindings,
			      .binding_count = binding_count,
			      .diag = diag };
	struct sm_blob_header header = { 0 };
	enum sm_status status = SM_NOMEM;

	*blob = NULL;
	*bytes = 0;
	sm_build_init(&b);
	if (diag)
		memset(diag, 0, sizeof(*diag));
	if (all)
		status = join(rules, all, diag);
	if (!status)
		status = fill_header(&b, rules, &header);
	if (!status)
		status = build_rules(&b);
	if (!status)
		status = sm_build_finish(&b, &header, blob, bytes);
	if (status == SM_NOMEM && b.left.is_short)
		status = sm_fail(diag, SM_LIMIT,
				 "its rules, once for each value of their "
				 "variables, take more than %u bytes",
				 SM_BUILD_MAX);
	sm_build_fini(&b);
	sm_rules_free(all);
	if (status && diag && !diag->text[0])
		sm_fail(diag, status, "cannot compile the policy: %s",
			sm_status_text(status));
	return status == SM_NOT_FOUND ? SM_INVALID : status;
}
