/* SPDX-License-Identifier: Apache-2.0 */
/*
 * review_looser.c: a little more of the same kind, where that is harmless.
 */
#include <stdlib.h>

#include "schema/address.h"
#include "schema/policy/pattern.h"
#include "tools/review_draft.h"

static bool is_typed(struct sm_str part)
{
	static const char *const types[] = { "<int>",  "<hex>", "<uuid>",
					     "<date>", "<tmp>", NULL };
	size_t i;

	for (i = 0; types[i]; i++)
		if (sm_draft_is(part, types[i]))
			return true;
	return false;
}

static void loosen_path(struct sm_draft *s)
{
	struct sm_slot slot = { .count = 0 };
	struct sm_str last, extension;
	char text[32];
	size_t i;

	if (!sm_parts_split(s->rule->pattern, &slot.parts) ||
	    !sm_parts_may_open(&slot.parts, s->places))
		return;
	for (i = slot.parts.count; i-- > 0;)
		if (is_typed(slot.parts.parts[i])) {
			slot.at = i;
			sm_draft_add_part(s, &slot, SM_STR("<name>"));
			return;
		}
	slot.at = slot.parts.count - 1;
	last = slot.parts.parts[slot.at];
	extension = sm_part_extension(last);
	snprintf(text, sizeof(text), "<name>%.*s", (int)extension.len,
		 extension.len ? extension.p : "");
	if (extension.len && !sm_draft_is(last, text)) {
		sm_draft_add_part(s, &slot,
				  sm_rules_keep(s->out, sm_str_of(text)));
		return;
	}
	if (!sm_part_is_open(last) ||
	    !sm_parts_may_open_wide(&slot.parts, s->places))
		return;
	if (extension.len)
		sm_draft_add_part(s, &slot, SM_STR("<name>"));
	else if (sm_draft_is(last, "<name>") || sm_draft_is(last, "*"))
		sm_draft_add_part(s, &slot, SM_STR("<tree>"));
}

/* A port of its own becomes any high one; a name its domain's. */
static void loosen_address(struct sm_draft *s)
{
	struct sm_address_pattern a;
	struct sm_str protocol = sm_draft_protocol(s->rule);
	struct sm_diag diag;
	const char *dot;
	char text[400];
	size_t dots = 0;

	if (s->rule->access == SM_ACCESS_SOCKET ||
	    s->rule->access == SM_ACCESS_RESOLVE ||
	    sm_pattern_address(s->rule->pattern, true, &a, &diag) ||
	    a.is_unix || a.host.len > 255)
		return;
	if (a.port_low == a.port_high && a.port_low >= 1024) {
		bool is_v6 = memchr(a.host.p, ':', a.host.len);

		snprintf(text, sizeof(text), "%.*s%s%.*s%s:<port>",
			 (int)protocol.len, protocol.p, is_v6 ? "[" : "",
			 (int)a.host.len, a.host.p, is_v6 ? "]" : "");
		sm_draft_add_pattern(s, sm_rules_keep(s->out, sm_str_of(text)));
		return;
	}
	for (size_t i = 0; i < a.host.len; i++)
		dots += a.host.p[i] == '.';
	if (dots < 2 || sm_part_is_open(a.host) ||
	    sm_address_kind_of(a.host) != SM_ADDRESS_NONE ||
	    a.port_low != a.port_high || sm_str_has(a.host, '@') ||
	    sm_str_has(a.host, '/'))
		return;
	dot = memchr(a.host.p, '.', a.host.len);
	snprintf(text, sizeof(text), "%.*s*%.*s:%d", (int)protocol.len,
		 protocol.p, (int)(a.host.p + a.host.len - dot), dot,
		 a.port_low);
	sm_draft_add_pattern(s, sm_rules_keep(s->out, sm_str_of(text)));
}

/* The last argument that is no option, by its kind. */
static void loosen_command(struct sm_draft *s)
{
	const struct sm_strings *args = &s->rule->args;
	struct sm_str value;
	enum sm_token type;
	size_t at;

	for (at = args->count; at-- > 1;)
		if (!sm_part_is_open(args->items[at]) && args->items[at].len &&
		    !sm_pattern_is_group(args->items[at]) &&
		    args->items[at].p[0] != '-' && args->items[at].p[0] != '/')
			break;
	if (!args->count || at == 0 || at == SIZE_MAX)
		return;
	value = args->items[at];
	type = sm_draft_type(&value, 1);
	sm_draft_add_argument(s, at,
			      type == SM_TOKENS ? SM_STR("<word>")
						: sm_draft_token(s, type));
}

struct sm_rules *sm_step_looser(const struct sm_places *places,
				const struct sm_rule *rule)
{
	struct sm_draft s = { places, rule, NULL, NULL, false };

	if (rule->deny || !sm_draft_start(&s))
		return sm_draft_finish(&s, SM_CHANGE_WIDER);
	if (rule->family == SM_FAMILY_FILES)
		loosen_path(&s);
	else if (rule->family == SM_FAMILY_NETWORK)
		loosen_address(&s);
	/* What can run anything is not opened further. */
	else if (rule->access == SM_ACCESS_EXEC &&
		 rule->family == SM_FAMILY_PROCESSES && !rule->review.len)
		loosen_command(&s);
	return sm_draft_finish(&s, SM_CHANGE_WIDER);
}
