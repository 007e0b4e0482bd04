/* SPDX-License-Identifier: Apache-2.0 */
/*
 * review_tighter.c: what was seen, instead of all that a rule matches.
 */
#include <stdlib.h>

#include "schema/policy/pattern.h"
#include "tools/review_draft.h"

#define DEPTH_MAX 3 /* levels a `**` is spelled out for */

/* How much a component or an argument opens; 0: nothing. */
static int width_of(struct sm_str part)
{
	static const char *const open[] = { "*",      "<name>", "<word>",
					    "<text>", "<host>", NULL };
	size_t i;

	if (sm_pattern_depth(part))
		return 3;
	for (i = 0; open[i]; i++)
		if (sm_draft_is(part, open[i]))
			return 2;
	return sm_part_is_open(part);
}

static size_t widest(const struct sm_str *parts, size_t count)
{
	size_t best = count, i;

	for (i = 0; i < count; i++)
		if (width_of(parts[i]) &&
		    (best == count ||
		     width_of(parts[i]) >= width_of(parts[best])))
			best = i;
	return best;
}

static bool is_among(const struct sm_str *values, size_t count,
		     struct sm_str value)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (sm_str_equal(values[i], value))
			return true;
	return false;
}

/* Without what stands there twice. */
static size_t distinct(struct sm_str *values, size_t count)
{
	size_t n = 0, i;

	for (i = 0; i < count; i++)
		if (!is_among(values, n, values[i]))
			values[n++] = values[i];
	return n;
}

static bool are_names(const struct sm_str *values, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (!values[i].len ||
		    sm_token_match(SM_TOKEN_NAME, values[i]) != values[i].len)
			return false;
	return true;
}

/* --------------------------------------------------------- tighter: paths */

static void emit_values(struct sm_draft *s, const struct sm_slot *slot)
{
	size_t i;

	for (i = 0; i < slot->count && !s->has_failed; i++)
		sm_draft_add_part(s, slot,
				  sm_part_escape(slot->values[i], s->out));
}

static size_t depth_of(struct sm_str path)
{
	size_t depth = 1;
	uint32_t i;

	for (i = 0; i < path.len; i++)
		depth += path.p[i] == '/';
	return depth;
}

/* dir and `**` give dir and `<name>`, and `<name>/<name>`: as deep as seen. */
static bool emit_levels(struct sm_draft *s, const struct sm_slot *slot)
{
	static const char levels[] = "<name>/<name>/<name>";
	bool is_seen[DEPTH_MAX + 1] = { false };
	size_t i, depth;

	for (i = 0; i < slot->count; i++) {
		depth = depth_of(slot->values[i]);
		if (depth > DEPTH_MAX || slot->values[i].p[0] == '.' ||
		    memmem(slot->values[i].p, slot->values[i].len, "/.", 2))
			return false;
		is_seen[depth] = true;
	}
	for (depth = 1; depth <= DEPTH_MAX; depth++)
		if (is_seen[depth])
			sm_draft_add_part(
				s, slot,
				(struct sm_str){ levels,
						 (uint32_t)(7 * depth - 1) });
	return true;
}

static bool emit_extension(struct sm_draft *s, const struct sm_slot *slot)
{
	struct sm_str extension = sm_part_extension(slot->values[0]);
	char text[32];
	size_t i;

	if (!extension.len || slot->at + 1 < slot->parts.count)
		return false;
	for (i = 1; i < slot->count; i++)
		if (!sm_str_equal(sm_part_extension(slot->values[i]),
				  extension))
			return false;
	snprintf(text, sizeof(text), "<name>%.*s", (int)extension.len,
		 extension.p);
	if (sm_part_is_open(extension))
		return false;
	sm_draft_add_part(s, slot, sm_rules_keep(s->out, sm_str_of(text)));
	return true;
}

static void tighten_slot(struct sm_draft *s, const struct sm_slot *slot)
{
	int width = width_of(slot->parts.parts[slot->at]);
	enum sm_token type = sm_draft_type(slot->values, slot->count);
	bool are_all_names = are_names(slot->values, slot->count);

	if (width == 3 && emit_levels(s, slot))
		return;
	if (width == 2 && type != SM_TOKENS) {
		sm_draft_add_part(s, slot, sm_draft_token(s, type));
		return;
	}
	if (width == 2 && are_all_names && emit_extension(s, slot))
		return;
	emit_values(s, slot);
}

static void tighten_path(struct sm_draft *s)
{
	const struct sm_evidence *e = s->seen;
	struct sm_str caught[SM_PARTS_MAX];
	struct sm_slot slot = { .count = 0 };
	size_t i;

	if (!sm_parts_split(s->rule->pattern, &slot.parts))
		return;
	slot.at = widest(slot.parts.parts, slot.parts.count);
	if (slot.at == slot.parts.count)
		return;
	for (i = 0; i < e->value_count; i++) {
		if (!sm_parts_align(&slot.parts, s->places, e->values[i].text,
				    caught))
			return;
		slot.values[slot.count++] = caught[slot.at];
	}
	slot.count = distinct(slot.values, slot.count);
	tighten_slot(s, &slot);
}

/* ---------------------------------------------------- tighter: all others */

/* What was seen instead of what matched it. */
static void tighten_value(struct sm_draft *s)
{
	struct sm_str protocol = sm_draft_protocol(s->rule);
	char text[1200];
	size_t i;

	for (i = 0; i < s->seen->value_count && !s->has_failed; i++) {
		struct sm_str value = s->seen->values[i].text;

		if (s->rule->access != SM_ACCESS_SHELL)
			value = sm_part_escape(value, s->out);
		if (value.len + protocol.len >= sizeof(text)) {
			s->has_failed = true;
			return;
		}
		snprintf(text, sizeof(text), "%.*s%.*s", (int)protocol.len,
			 protocol.p, (int)value.len, value.p ? value.p : "");
		sm_draft_add_pattern(s, sm_rules_keep(s->out, sm_str_of(text)));
	}
}

/* The modules that were seen; nothing where one of them is all there is. */
static void tighten_package(struct sm_draft *s)
{
	const struct sm_str slot = SM_STR(".<class>");
	struct sm_str modules[SM_SEEN_MAX], p = s->rule->pattern;
	size_t n = 0, i;

	for (i = 0; i < s->seen->value_count; i++) {
		struct sm_str module = s->seen->values[i].text;
		char text[600];

		while (module.len && module.p[module.len - 1] != '.')
			module.len--;
		if (module.len + slot.len >= sizeof(text))
			return;
		module.len -= module.len > 0;
		snprintf(text, sizeof(text), "%.*s.<class>", (int)module.len,
			 module.p);
		modules[n++] = sm_rules_keep(s->out, sm_str_of(text));
		if (sm_str_equal(modules[n - 1], p))
			return;
	}
	n = distinct(modules, n);
	for (i = 0; i < n && !s->has_failed; i++)
		sm_draft_add_pattern(s, modules[i]);
}

static void tighten_class(struct sm_draft *s)
{
	const struct sm_str slot = SM_STR(".<class>");
	struct sm_str p = s->rule->pattern;

	if (!s->out)
		return;
	if (p.len > slot.len && sm_str_ends(p, slot))
		tighten_package(s);
	if (!s->out->count)
		tighten_value(s);
}

/* The whole command line as it was, for slots that stand for several words. */
static void tighten_lines(struct sm_draft *s)
{
	size_t i, k;

	for (i = 0; i < s->seen->value_count && !s->has_failed; i++) {
		const struct sm_seen_value *v = &s->seen->values[i];
		struct sm_rule copy = *s->rule;

		copy.has_args = true;
		copy.args = (struct sm_strings){ NULL, 0 };
		for (k = 0; k < v->args.count; k++)
			s->has_failed |=
				sm_strings_add(s->out, &copy.args,
					       sm_part_escape(v->args.items[k],
							      s->out)) != SM_OK;
		if (v->has_args)
			sm_draft_add(s, &copy);
		else
			s->has_failed = true;
	}
}

static void tighten_argument(struct sm_draft *s, size_t at)
{
	struct sm_str values[SM_SEEN_MAX];
	enum sm_token type;
	size_t i, n = 0;

	for (i = 0; i < s->seen->value_count; i++) {
		const struct sm_seen_value *v = &s->seen->values[i];

		if (!v->has_args || at >= v->args.count)
			return;
		values[n++] = v->args.items[at];
	}
	n = distinct(values, n);
	type = sm_draft_type(values, n);
	if (width_of(s->rule->args.items[at]) == 2 && type != SM_TOKENS) {
		sm_draft_add_argument(s, at, sm_draft_token(s, type));
		return;
	}
	for (i = 0; i < n && !s->has_failed; i++)
		sm_draft_add_argument(s, at, sm_part_escape(values[i], s->out));
}

static bool has_groups(const struct sm_strings *args)
{
	for (size_t i = 0; i < args->count; i++)
		if (sm_pattern_is_group(args->items[i]))
			return true;
	return false;
}

static void tighten_command(struct sm_draft *s)
{
	const struct sm_strings *args = &s->rule->args;
	size_t at = widest(args->items, args->count);

	if (sm_part_is_open(s->rule->pattern))
		return;
	/* Words stand at other places in each line. */
	if (!s->rule->has_args || has_groups(args) ||
	    (at < args->count && sm_draft_is(args->items[at], "*")))
		tighten_lines(s);
	else if (at < args->count)
		tighten_argument(s, at);
}

/* ----------------------------------------------------- tighter: who, what */

static bool is_by_seen(const struct sm_evidence *e, struct sm_str by)
{
	size_t i;

	for (i = 0; i < e->by_count; i++)
		if (sm_str_equal(e->by[i], by) ||
		    (sm_str_starts(by, SM_STR("dynamic")) &&
		     sm_draft_is(e->by[i], "dynamic")))
			return true;
	return e->by_is_cut;
}

/* Generated code runs on its module's account: not told by its principal. */
static void drop_unused(struct sm_draft *s)
{
	const struct sm_rule *rule = s->rule;
	struct sm_rule copy = *rule;
	size_t i;

	if (rule->family == SM_FAMILY_FILES)
		copy.access &= s->seen->access;
	if (rule->family != SM_FAMILY_CODE) {
		copy.by = (struct sm_strings){ NULL, 0 };
		for (i = 0; i < rule->by.count; i++)
			if (is_by_seen(s->seen, rule->by.items[i]) &&
			    sm_strings_add(s->out, &copy.by, rule->by.items[i]))
				s->has_failed = true;
	}
	if (!copy.access || (rule->by.count && !copy.by.count))
		return;
	if (copy.access != rule->access || copy.by.count != rule->by.count)
		sm_draft_add(s, &copy);
}

static bool is_path_rule(const struct sm_rule *rule)
{
	return rule->family == SM_FAMILY_FILES ||
	       rule->access == SM_ACCESS_LOAD ||
	       (rule->family == SM_FAMILY_NETWORK && rule->pattern.len &&
		(rule->pattern.p[0] == '/' || rule->pattern.p[0] == '$'));
}

static void tighten(struct sm_draft *s)
{
	const struct sm_rule *rule = s->rule;

	if (is_path_rule(rule))
		tighten_path(s);
	else if (rule->access == SM_ACCESS_EXEC)
		tighten_command(s);
	else if (rule->family == SM_FAMILY_PICKLES)
		tighten_class(s);
	else if (rule->family != SM_FAMILY_CODE &&
		 rule->family != SM_FAMILY_EVENTS)
		tighten_value(s);
}

struct sm_rules *sm_step_tighter(const struct sm_places *places,
				 const struct sm_rule *rule,
				 const struct sm_evidence *seen)
{
	struct sm_draft s = { places, rule, seen, NULL, false };

	if (!seen->events || seen->distinct > seen->value_count || rule->deny)
		return NULL;
	if (sm_draft_start(&s))
		drop_unused(&s);
	if (s.out && (s.out->count || s.has_failed))
		return sm_draft_finish(&s, SM_CHANGE_NARROWER);
	tighten(&s);
	return sm_draft_finish(&s, SM_CHANGE_NARROWER);
}
