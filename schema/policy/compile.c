/* SPDX-License-Identifier: Apache-2.0 */
/*
 * compile.c: rules, bundles and variables to one flat blob.
 */
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>

#include "schema/path.h"
#include "schema/policy/build.h"
#include "schema/policy/symbol.h"
#include "schema/shell.h"

/* --------------------------------------------------------------- variables */

static enum sm_status split_binding(struct sm_build *b,
				    const struct sm_binding *binding,
				    struct sm_str *values, size_t room,
				    size_t *count)
{
	struct sm_str rest = sm_str_of(binding->value);
	uint32_t end;

	for (;;) {
		for (end = 0; end < rest.len && rest.p[end] != ':';)
			end++;
		if (*count == room ||
		    !sm_path_is_canonical((struct sm_str){ rest.p, end }))
			return sm_fail(b->diag, SM_INVALID,
				       "%s=%s: absolute paths without //, ., "
				       ".. and trailing /, separated by :",
				       binding->name, binding->value);
		values[(*count)++] = (struct sm_str){ rest.p, end };
		if (end == rest.len)
			return SM_OK;
		rest.p += end + 1;
		rest.len -= end + 1;
	}
}

enum sm_status sm_build_values(struct sm_build *b, struct sm_str name,
			       unsigned line, struct sm_str *values,
			       size_t room, size_t *count)
{
	size_t i, j;

	*count = 0;
	if (sm_str_equal(name, SM_STR(SM_VARIABLE_NAMED)))
		return sm_fail_at(b->diag, SM_INVALID, line, 1,
				  "${" SM_VARIABLE_NAMED "} can only start the "
				  "path of a rule of files that allows");
	for (i = 0; i < b->binding_count; i++)
		if (sm_str_equal(sm_str_of(b->bindings[i].name), name))
			return split_binding(b, &b->bindings[i], values, room,
					     count);
	for (i = 0; i < b->rules->variable_count; i++) {
		const struct sm_variable *v = &b->rules->variables[i];

		if (!sm_str_equal(v->name, name))
			continue;
		for (j = 0; j < v->values.count && j < room; j++)
			values[j] = v->values.items[j];
		*count = j;
		if (j < v->values.count)
			return sm_fail_at(b->diag, SM_LIMIT, line, 1,
					  "${%.*s} has more than %zu values",
					  (int)name.len, name.p, room);
		return SM_OK;
	}
	return sm_fail_at(b->diag, SM_NOT_FOUND, line, 1,
			  "undefined variable ${%.*s}; give it a value in "
			  "\"variables\"",
			  (int)name.len, name.p);
}

static enum sm_status keep_directories(struct sm_build *b, const char *name,
				       struct sm_blob_span *span)
{
	struct sm_vector *v = &b->sections[SM_BLOB_NAMES];
	struct sm_str values[SM_VALUES_OF_VARIABLE_MAX];
	struct sm_diag *diag = b->diag;
	enum sm_status status;
	size_t count, i;

	b->diag = NULL;
	status = sm_build_values(b, sm_str_of(name), 0, values,
				 SM_VALUES_OF_VARIABLE_MAX, &count);
	b->diag = diag;
	span->first = (uint32_t)v->count;
	if (status == SM_NOT_FOUND)
		return SM_OK;
	for (i = 0; !status && i < count; i++) {
		struct sm_blob_text text, *to;

		status = sm_build_text(b, values[i], &text);
		to = sm_build_push(v, sizeof(*to));
		if (!to)
			return SM_NOMEM;
		*to = text;
		span->count++;
	}
	return status;
}

/* ------------------------------------------------------------- rule records */

/* The bit of a name, which is given one as long as there are any. */
static enum sm_status find_who(struct sm_build *b, const struct sm_blob_by *by,
			       struct sm_str name, uint64_t *who)
{
	struct sm_vector *v = &b->sections[SM_BLOB_WHO];
	struct sm_blob_by *known = (struct sm_blob_by *)(void *)v->p, *new;
	uint32_t i;

	for (i = 0; i < v->count; i++)
		if (known[i].by == by->by &&
		    sm_str_equal(name, sm_build_str(b, known[i].name)))
			break;
	*who = i < SM_WHO_NAMES_MAX ? SM_WHO(SM_WHO_NAMES + i)
				    : SM_WHO(SM_WHO_OTHERS);
	if (i < v->count || v->count == SM_WHO_NAMES_MAX)
		return SM_OK;
	new = sm_build_push(v, sizeof(*new));
	if (!new)
		return SM_NOMEM;
	*new = *by;
	return SM_OK;
}

/* A principal by its kind, or by a name. */
static enum sm_status read_by(struct sm_build *b, struct sm_str name,
			      struct sm_blob_by *by, uint64_t *who)
{
	enum sm_status status;
	int kind;

	*by = (struct sm_blob_by){ .by = SM_BY_NAME };
	*who = 0;
	if (sm_str_starts(name, SM_STR("dynamic:"))) {
		by->by = SM_BY_OWNER;
		name.p += 8;
		name.len -= 8;
	}
	for (kind = 0; by->by == SM_BY_NAME && kind < SM_PRINCIPALS; kind++)
		if (kind != SM_PRINCIPAL_DISTRIBUTION &&
		    sm_str_equal(name,
				 sm_str_of(sm_principal_kind_name(kind)))) {
			by->by = SM_BY_KIND;
			by->kind = (uint32_t)kind;
			*who = SM_WHO(kind);
		}
	status = sm_build_text(b, name, &by->name);
	if (status || by->by == SM_BY_KIND)
		return status;
	return find_who(b, by, name, who);
}

/* Who all may do what a rule says that names nobody. */
static uint64_t anybody(const struct sm_rule *rule)
{
	uint64_t all = SM_WHO(SM_WHO_NAMES) - 1;

	if (rule->deny)
		return all;
	return all &
	       ~(SM_WHO(SM_PRINCIPAL_FOREIGN) | SM_WHO(SM_PRINCIPAL_DYNAMIC));
}

static enum sm_status build_by(struct sm_build *b, const struct sm_rule *rule,
			       struct sm_blob_rule *out)
{
	struct sm_vector *v = &b->sections[SM_BLOB_BY];
	enum sm_status status;
	struct sm_blob_by by, *to;
	uint64_t who;
	size_t i;

	out->by = (struct sm_blob_span){ (uint32_t)v->count,
					 (uint32_t)rule->by.count };
	out->who = rule->by.count ? 0 : anybody(rule);
	for (i = 0; i < rule->by.count; i++) {
		status = read_by(b, rule->by.items[i], &by, &who);
		if (status)
			return status;
		to = sm_build_push(v, sizeof(*to));
		if (!to)
			return SM_NOMEM;
		*to = by;
		out->who |= who;
	}
	return SM_OK;
}

static enum sm_status build_id(struct sm_build *b, const struct sm_rule *rule,
			       struct sm_blob_text *id)
{
	struct sm_blob_text part;
	enum sm_status status;

	if (!rule->bundle.len)
		return sm_build_text(b, rule->id, id);
	status = sm_build_text(b, rule->bundle, id);
	if (!status)
		status = sm_build_text(b, SM_STR("/"), &part);
	if (!status)
		status = sm_build_text(b, rule->id, &part);
	id->len += 1 + rule->id.len;
	return status;
}

static enum sm_status build_args(struct sm_build *b, const struct sm_rule *rule,
				 struct sm_blob_rule *out)
{
	uint32_t slots[256], *to;
	size_t count = rule->args.count, i;
	bool is_argv = rule->family == SM_FAMILY_PROCESSES;
	enum sm_status status;

	if (!rule->has_args) {
		out->flags |= SM_RULE_ANY_ARGS;
		return SM_OK;
	}
	if (is_argv && count &&
	    sm_str_equal(rule->args.items[count - 1], SM_STR("*"))) {
		out->flags |= SM_RULE_REST;
		count--;
	}
	if (count > sizeof(slots) / sizeof(*slots))
		return sm_fail_at(b->diag, SM_LIMIT, rule->line, 1,
				  "more than 256 arguments in a rule");
	for (i = 0; i < count; i++) {
		struct sm_scan scan = { rule->args.items[i], 0, true, false };
		uint32_t run = is_argv ? sm_pattern_run(scan.pattern) : 0;

		if (run) {
			scan.pattern.len = run;
			out->run = (uint32_t)i + 1;
		}
		status = sm_build_pattern(b, scan, rule->line, &slots[i]);
		if (status)
			return status;
	}
	out->args.first = (uint32_t)b->sections[SM_BLOB_INDEX].count;
	out->args.count = (uint32_t)count;
	for (i = 0; i < count; i++) {
		to = sm_build_push(&b->sections[SM_BLOB_INDEX], sizeof(*to));
		if (!to)
			return SM_NOMEM;
		*to = slots[i];
	}
	return SM_OK;
}

static uint32_t via_of(const struct sm_rule *rule)
{
	if (rule->via)
		return rule->via;
	if (rule->family == SM_FAMILY_FILES && !rule->deny)
		return 1u << SM_VIA_DIRECT;
	return (1u << SM_VIAS) - 1;
}

/* create implies write; who may not write may not create either. */
static uint32_t access_of(const struct sm_rule *rule)
{
	uint32_t access = rule->access;

	if (!rule->deny && (access & SM_ACCESS_CREATE))
		access |= SM_ACCESS_WRITE;
	if (rule->deny && (access & SM_ACCESS_WRITE))
		access |= SM_ACCESS_CREATE;
	return access;
}

static uint32_t count_components(struct sm_str path)
{
	uint32_t i, count = 0;

	for (i = 0; i < path.len; i++)
		count += path.p[i] == '/' && i + 1 < path.len;
	return count;
}

/* Of a variable with several values, the shortest counts. */
static uint32_t count_value(struct sm_build *b, struct sm_str name)
{
	struct sm_str values[SM_VALUES_OF_VARIABLE_MAX];
	struct sm_diag *diag = b->diag;
	uint32_t least = UINT32_MAX, n;
	enum sm_status status;
	size_t count, i;

	b->diag = NULL;
	status = sm_build_values(b, name, 0, values, SM_VALUES_OF_VARIABLE_MAX,
				 &count);
	b->diag = diag;
	for (i = 0; !status && i < count; i++) {
		n = count_components(values[i]);
		least = n < least ? n : least;
	}
	return least == UINT32_MAX ? 0 : least;
}

static bool is_literal(struct sm_str component)
{
	struct sm_scan scan = { component, 0, true, false };
	struct sm_item item;
	enum sm_status status;

	while (!(status = sm_pattern_next(&scan, &item, NULL)))
		if (item.kind != SM_ITEM_LITERAL)
			return false;
	return status == SM_END && component.len;
}

/* How much of the pattern is certain; what has no components is one. */
static uint32_t count_literals(struct sm_build *b, struct sm_str pattern)
{
	uint32_t at = sm_pattern_variable(pattern), count = 0, end;

	if (!at && (!pattern.len || pattern.p[0] != '/'))
		return !sm_str_equal(pattern, SM_STR("*"));
	if (at)
		count = count_value(b,
				    (struct sm_str){ pattern.p + 2, at - 3 });
	for (at++; at < pattern.len; at = end + 1) {
		for (end = at; end < pattern.len && pattern.p[end] != '/';)
			end++;
		if (!is_literal((struct sm_str){ pattern.p + at, end - at }))
			break;
		count++;
	}
	return count;
}

static enum sm_status build_record(struct sm_build *b,
				   const struct sm_rule *rule)
{
	struct sm_blob_rule out = {
		.access = access_of(rule),
		.via = via_of(rule),
		.flags = (rule->deny ? SM_RULE_DENY : 0) |
			 (rule->makes_code ? SM_RULE_MAKES_CODE : 0),
		.family = rule->family,
		.port_low = -1,
		.port_high = 65535,
		.literals = count_literals(b, rule->pattern),
	};
	struct sm_blob_rule *to;
	enum sm_status status = build_id(b, rule, &out.id);

	if (!status)
		status = build_by(b, rule, &out);
	if (!status)
		status = build_args(b, rule, &out);
	if (status)
		return status;
	to = sm_build_push(&b->sections[SM_BLOB_RULES], sizeof(*to));
	if (!to)
		return SM_NOMEM;
	*to = out;
	return SM_OK;
}

static struct sm_blob_rule *record_at(struct sm_build *b, uint32_t number)
{
	return (struct sm_blob_rule *)(void *)b->sections[SM_BLOB_RULES].p +
	       number;
}

/* ------------------------------------------------------------------ network */

static enum sm_status lower(struct sm_str text, char **out)
{
	uint32_t i;

	*out = malloc((size_t)text.len + 1);
	if (!*out)
		return SM_NOMEM;
	for (i = 0; i < text.len; i++)
		(*out)[i] = text.p[i] >= 'A' && text.p[i] <= 'Z'
				    ? (char)(text.p[i] | 32)
				    : text.p[i];
	return SM_OK;
}

bool sm_build_block(struct sm_str host, char key[SM_ADDRESS_KEY],
		    uint32_t *bits)
{
	struct sm_str address = host;
	uint32_t slash = 0, i, n = 0;
	bool is_v6 = false;

	while (slash < host.len && host.p[slash] != '/')
		slash++;
	if (slash + 1 >= host.len || host.len - slash > 4)
		return false;
	address.len = slash;
	for (i = slash + 1; i < host.len; i++) {
		if (host.p[i] < '0' || host.p[i] > '9')
			return false;
		n = n * 10 + (uint32_t)(host.p[i] - '0');
	}
	for (i = 0; i < slash; i++)
		is_v6 |= host.p[i] == ':';
	if (n > (is_v6 ? 128 : 32) || !sm_match_address(address, key))
		return false;
	*bits = is_v6 ? n : 96 + n;
	return true;
}

static enum sm_status build_cidr(struct sm_build *b, struct sm_str spelling,
				 const char *key, uint32_t bits, uint32_t *node)
{
	struct sm_blob_item *item;
	struct sm_blob_span *span;
	struct sm_blob_text text;
	enum sm_status status =
		sm_build_text(b, (struct sm_str){ key, SM_ADDRESS_KEY }, &text);

	if (status)
		return status;
	item = sm_build_push(&b->sections[SM_BLOB_ITEMS], sizeof(*item));
	span = sm_build_push(&b->sections[SM_BLOB_PATTERNS], sizeof(*span));
	if (!item || !span)
		return SM_NOMEM;
	*item = (struct sm_blob_item){ SM_BLOB_CIDR, bits, text.at, text.len };
	*span = (struct sm_blob_span){
		(uint32_t)b->sections[SM_BLOB_ITEMS].count - 1, 1
	};
	return sm_build_branch(
		b, b->roots[SM_ROOT_HOST], spelling,
		(uint32_t)b->sections[SM_BLOB_PATTERNS].count - 1, node);
}

static enum sm_status build_host(struct sm_build *b, const struct sm_rule *rule,
				 struct sm_str host, uint32_t number)
{
	const struct sm_scan how = { .has_variables = false };
	char key[SM_ADDRESS_KEY], *text;
	uint32_t node, bits, i;
	enum sm_status status = lower(host, &text);

	if (status)
		return status;
	host.p = text;
	if (sm_match_address(host, key)) {
		status = sm_build_literal(b, b->roots[SM_ROOT_HOST],
					  (struct sm_str){ key, sizeof(key) },
					  &node);
	} else if (sm_build_block(host, key, &bits)) {
		status = build_cidr(b, host, key, bits, &node);
	} else {
		for (i = 0; i < host.len && !status; i++)
			if (host.p[i] == '/')
				status = sm_fail_at(b->diag, SM_INVALID,
						    rule->line, 1,
						    "\"%.*s\" is no block of "
						    "addresses",
						    (int)host.len, host.p);
		if (!status)
			status = sm_build_child(b, b->roots[SM_ROOT_HOST], host,
						how, &node);
	}
	free(text);
	return status ? status : sm_build_grant(b, node, number);
}

static enum sm_status build_key(struct sm_build *b, enum sm_blob_root root,
				struct sm_str spelling, uint32_t number)
{
	const struct sm_scan how = { .is_code_name = root == SM_ROOT_RUN };
	uint32_t node;
	enum sm_status status =
		sm_build_child(b, b->roots[root], spelling, how, &node);

	return status ? status : sm_build_grant(b, node, number);
}

static enum sm_status build_network(struct sm_build *b,
				    const struct sm_rule *rule, uint32_t number)
{
	struct sm_address_pattern address;
	struct sm_blob_text proto;
	enum sm_status status;

	if (rule->access == SM_ACCESS_SOCKET)
		return build_key(b, SM_ROOT_SOCKET, rule->pattern, number);
	status = sm_pattern_address(rule->pattern,
				    rule->access != SM_ACCESS_RESOLVE, &address,
				    b->diag);
	if (!status)
		status = sm_build_text(b, address.proto, &proto);
	if (status)
		return status;
	record_at(b, number)->proto = proto;
	record_at(b, number)->port_low = address.port_low;
	record_at(b, number)->port_high = address.port_high;
	if (!address.is_unix)
		return build_host(b, rule, address.host, number);
	if (address.host.p[0] == '@')
		return build_key(b, SM_ROOT_ABSTRACT, address.host, number);
	return sm_build_path(b, b->roots[SM_ROOT_UNIX], address.host,
			     rule->line, number);
}

/* ----------------------------------------------------------- shell templates
 */

static bool are_variables_known(struct sm_build *b, struct sm_str text)
{
	struct sm_str values[SM_VALUES_OF_VARIABLE_MAX];
	struct sm_scan scan = { text, 0, true, false };
	struct sm_diag *diag = b->diag;
	struct sm_item item;
	size_t count;
	bool is_known = true;

	b->diag = NULL;
	while (!sm_pattern_next(&scan, &item, NULL))
		if (item.kind == SM_ITEM_VARIABLE &&
		    sm_build_values(b, item.text, 0, values,
				    SM_VALUES_OF_VARIABLE_MAX, &count))
			is_known = false;
	b->diag = diag;
	return is_known;
}

static enum sm_status build_token(struct sm_build *b,
				  const struct sm_rule *rule,
				  const struct sm_shell_token *t,
				  struct sm_blob_token *out)
{
	struct sm_scan scan = { sm_shell_slot(t), 0, true, false };

	out->kind = (uint32_t)t->kind;
	out->pattern = SM_BLOB_NONE;
	/* ${X} that is no variable of the policy is the shell's own. */
	if (t->kind == SM_SHELL_WORD && !t->is_live &&
	    (!t->has_slot || are_variables_known(b, t->text))) {
		enum sm_status status =
			sm_build_pattern(b, scan, rule->line, &out->pattern);
		if (status)
			return status;
	}
	return sm_build_text(b, t->raw, &out->text);
}

static enum sm_status build_template(struct sm_build *b,
				     const struct sm_rule *rule,
				     const struct sm_shell *shell,
				     uint32_t number)
{
	const struct sm_scan how = { .has_variables = false };
	const struct sm_shell_token *first = &shell->tokens[0];
	struct sm_blob_token tokens[SM_SHELL_TOKENS_MAX], *to;
	struct sm_vector *v = &b->sections[SM_BLOB_TOKENS];
	enum sm_status status = SM_OK;
	uint32_t i, node;

	for (i = 0; !status && i < shell->count; i++)
		status = build_token(b, rule, &shell->tokens[i], &tokens[i]);
	if (status)
		return status;
	record_at(b, number)->flags |= SM_RULE_SHELL;
	record_at(b, number)->args =
		(struct sm_blob_span){ (uint32_t)v->count, shell->count };
	for (i = 0; i < shell->count; i++) {
		to = sm_build_push(v, sizeof(*to));
		if (!to)
			return SM_NOMEM;
		*to = tokens[i];
		if (shell->tokens[i].is_run)
			record_at(b, number)->run = i + 1;
	}
	if (first->is_live || first->kind != SM_SHELL_WORD)
		status = sm_build_literal(b, b->roots[SM_ROOT_SHELL_WORD],
					  first->raw, &node);
	else
		status = sm_build_child(b, b->roots[SM_ROOT_SHELL_WORD],
					first->text, how, &node);
	return status ? status : sm_build_grant(b, node, number);
}

static enum sm_status build_shell(struct sm_build *b,
				  const struct sm_rule *rule, uint32_t number)
{
	struct sm_shell *shell = malloc(sizeof(*shell));
	enum sm_status status;
	uint32_t node;

	if (!shell)
		return SM_NOMEM;
	if (sm_shell_parse(rule->pattern, true, shell)) {
		status = build_template(b, rule, shell, number);
	} else {
		record_at(b, number)->flags |= SM_RULE_SHELL;
		status = sm_build_literal(b, b->roots[SM_ROOT_SHELL_LINE],
					  rule->pattern, &node);
		if (!status)
			status = sm_build_grant(b, node, number);
	}
	free(shell);
	return status;
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
		record_at(b, number)->flags |= SM_RULE_STDLIB;
	return sm_symbol_expand(b, rule->pattern, rule->line, build_below,
				&loading);
}

/* --------------------------------------------------------------- everything */

static enum sm_status build_index(struct sm_build *b,
				  const struct sm_rule *rule, uint32_t number,
				  uint32_t marker)
{
	struct sm_str p = rule->pattern;
	uint32_t named;

	switch (rule->access) {
	case SM_ACCESS_LOAD:
		return build_load(b, rule, number, marker);
	case SM_ACCESS_RUN:
		return build_key(b, SM_ROOT_RUN, p, number);
	case SM_ACCESS_EXEC:
		return sm_build_path(b, b->roots[SM_ROOT_PROGRAM], p,
				     rule->line, number);
	case SM_ACCESS_SHELL:
		return build_shell(b, rule, number);
	case SM_ACCESS_SIGNAL:
		return build_key(b, SM_ROOT_SIGNAL, p, number);
	case SM_ACCESS_ENVIRONMENT:
		return build_key(b, SM_ROOT_ENVIRONMENT, p, number);
	case SM_ACCESS_CLASS:
		return build_key(b, SM_ROOT_CLASS, p, number);
	case SM_ACCESS_RAISE:
		return build_key(b, SM_ROOT_EVENT, p, number);
	case SM_ACCESS_DLOPEN:
	case SM_ACCESS_DLSYM:
		if (p.len && (p.p[0] == '/' || sm_pattern_variable(p)))
			return sm_build_path(b, b->roots[SM_ROOT_LIBRARY], p,
					     rule->line, number);
		return build_key(b, SM_ROOT_NATIVE, p, number);
	}
	if (rule->family == SM_FAMILY_NETWORK)
		return build_network(b, rule, number);
	named = sm_pattern_named(p);
	if (named)
		return sm_build_below(
			b, b->roots[SM_ROOT_NAMED], (struct sm_str){ NULL, 0 },
			(struct sm_str){ p.p + named, p.len - named }, number);
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
			status = build_record(b, rule);
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

	if (status) {
		sm_rules_free(all);
		all = NULL;
	}
	*out = all;
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
	status = keep_directories(b, "STDLIB", &h->stdlib);
	if (!status)
		status = keep_directories(b, "SITE", &h->site);
	if (!status)
		status = sm_policy_print(rules, &text, &bytes);
	if (status)
		return status;
	SHA256((const unsigned char *)text, bytes, h->digest);
	free(text);
	return SM_OK;
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
