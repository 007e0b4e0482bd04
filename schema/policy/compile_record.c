/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/policy/compile.h"
#include "schema/policy/functions.h"
#include "schema/shell.h"

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
	struct sm_functions functions;
	enum sm_status status;
	int kind;

	*by = (struct sm_blob_by){ .by = SM_BY_NAME };
	*who = 0;
	if (sm_str_starts(name, SM_STR("dynamic:"))) {
		by->by = SM_BY_OWNER;
		name.p += 8;
		name.len -= 8;
	} else if (sm_functions_read(name, &functions)) {
		by->by = functions.are_others ? SM_BY_OTHERS : SM_BY_FUNCTION;
		name = functions.names;
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

/* The slots of a rule, one a word. */
struct slots {
	struct sm_blob_token items[SM_SLOTS_MAX];
	uint32_t count, groups;
};

static enum sm_status add_slot(struct sm_build *b, const struct sm_rule *rule,
			       struct sm_str word, struct slots *slots)
{
	const struct sm_scan scan = { word, 0, true, false };
	struct sm_blob_token *to = &slots->items[slots->count];

	if (slots->count == SM_SLOTS_MAX)
		return sm_fail_at(b->diag, SM_LIMIT, rule->line, 1,
				  "more than 256 arguments in a rule");
	slots->count++;
	*to = (struct sm_blob_token){ .kind = SM_SHELL_WORD };
	return sm_build_pattern(b, scan, rule->line, &to->pattern);
}

static enum sm_status add_group(struct sm_build *b, const struct sm_rule *rule,
				const struct sm_str *words, uint32_t count,
				struct slots *slots)
{
	enum sm_status status = SM_OK;

	slots->groups++;
	for (uint32_t i = 0; !status && i < count; i++) {
		status = add_slot(b, rule, words[i], slots);
		if (!status)
			slots->items[slots->count - 1].group = slots->groups;
	}
	return status;
}

static enum sm_status keep_slots(struct sm_build *b, const struct slots *slots,
				 struct sm_blob_rule *out)
{
	enum sm_blob_section section =
		slots->groups ? SM_BLOB_TOKENS : SM_BLOB_INDEX;
	struct sm_vector *v = &b->sections[section];

	if (slots->groups)
		out->flags |= SM_RULE_GROUPS;
	out->args = (struct sm_blob_span){ (uint32_t)v->count, slots->count };
	for (uint32_t i = 0; i < slots->count; i++) {
		const struct sm_blob_token *t = &slots->items[i];
		size_t n = slots->groups ? sizeof(*t) : sizeof(t->pattern);
		void *to = sm_build_push(v, n);

		if (!to)
			return SM_NOMEM;
		memcpy(to,
		       slots->groups ? (const void *)t
				     : (const void *)&t->pattern,
		       n);
	}
	return SM_OK;
}

static enum sm_status build_args(struct sm_build *b, const struct sm_rule *rule,
				 struct sm_blob_rule *out)
{
	struct sm_str words[SM_GROUP_WORDS_MAX];
	struct slots slots = { .count = 0 };
	size_t count = rule->args.count, i;
	bool is_argv = rule->family == SM_FAMILY_PROCESSES;
	enum sm_status status = SM_OK;

	if (!rule->has_args) {
		out->flags |= SM_RULE_ANY_ARGS;
		return SM_OK;
	}
	if (is_argv && count &&
	    sm_str_equal(rule->args.items[count - 1], SM_STR("*"))) {
		out->flags |= SM_RULE_REST;
		count--;
	}
	for (i = 0; !status && i < count; i++) {
		struct sm_str slot = rule->args.items[i];
		uint32_t run = is_argv ? sm_pattern_run(slot) : 0;
		uint32_t n = is_argv ? sm_pattern_group(slot, words) : 0;

		if (n) {
			status = add_group(b, rule, words, n, &slots);
			continue;
		}
		if (run) {
			slot.len = run;
			out->run = slots.count + 1;
		}
		status = add_slot(b, rule, slot, &slots);
	}
	return status ? status : keep_slots(b, &slots, out);
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

enum sm_status sm_compile_record(struct sm_build *b, const struct sm_rule *rule)
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
