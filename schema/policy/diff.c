/* SPDX-License-Identifier: Apache-2.0 */
/*
 * diff.c: what a change of policy newly allows and denies.
 *
 * Every rule of one side is compared with all rules of the other, access by
 * access, principal by principal: it is covered, or there is a resource that
 * only it grants, or that cannot be told. Claims of the first two kinds are
 * proved by language.c; everything else is the third.
 */
#include <stdio.h>
#include <stdlib.h>

#include "schema/policy/build.h"
#include "schema/policy/language.h"

enum cover { COVERED, UNKNOWN, OPEN };

struct side {
	const struct sm_rules *rules; /* with its bundles' */
	const struct sm_rules *own;
	struct sm_build values; /* for sm_build_values() */
};

struct differ {
	struct side old, new;
	bool has_same_roots; /* STDLIB and SITE */
	sm_policy_changed *changed;
	void *context;
};

/* One access of one principal by one way, and what was found about it. */
struct question {
	const struct sm_rule *rule;
	uint32_t access;
	struct sm_str by; /* empty: everybody a rule without `by` means */
	uint32_t via;	  /* one bit */
	char text[SM_FOUND_MAX];
};

/* -------------------------------------------------------- what a rule says */

static uint32_t via_of(const struct sm_rule *r)
{
	if (r->via)
		return r->via;
	return r->family == SM_FAMILY_FILES && !r->deny ? 1u << SM_VIA_DIRECT
							: (1u << SM_VIAS) - 1;
}

static uint32_t access_of(const struct sm_rule *r)
{
	uint32_t access = r->access;

	if (!r->deny && (access & SM_ACCESS_CREATE))
		access |= SM_ACCESS_WRITE;
	if (r->deny && (access & SM_ACCESS_WRITE))
		access |= SM_ACCESS_CREATE;
	return access;
}

static bool holds(const struct sm_strings *list, struct sm_str text)
{
	size_t i;

	for (i = 0; i < list->count; i++)
		if (sm_str_equal(list->items[i], text))
			return true;
	return false;
}

static bool covers_by(const struct sm_rule *r, struct sm_str by)
{
	bool is_owned = sm_str_starts(by, SM_STR("dynamic:"));

	if (!r->by.count)
		return r->deny || !by.len || r->access == SM_ACCESS_LOAD ||
		       !(is_owned || sm_str_equal(by, SM_STR("dynamic")) ||
			 sm_str_equal(by, SM_STR("foreign")));
	return by.len && (holds(&r->by, by) ||
			  (is_owned && holds(&r->by, SM_STR("dynamic"))));
}

static bool are_strings_equal(const struct sm_strings *a,
			      const struct sm_strings *b)
{
	size_t i;

	if (a->count != b->count)
		return false;
	for (i = 0; i < a->count; i++)
		if (!sm_str_equal(a->items[i], b->items[i]))
			return false;
	return true;
}

static bool is_path_text(struct sm_str p)
{
	return p.len && (p.p[0] == '/' || sm_pattern_variable(p));
}

/* "stdlib", "distribution:NAME": sets of files with exceptions. */
static bool is_symbol(const struct sm_rule *r)
{
	return r->access == SM_ACCESS_LOAD && !is_path_text(r->pattern);
}

static bool is_path(const struct sm_rule *r)
{
	switch (r->family) {
	case SM_FAMILY_FILES:
		return true;
	case SM_FAMILY_CODE:
		return r->access == SM_ACCESS_LOAD;
	case SM_FAMILY_PROCESSES:
		return r->access == SM_ACCESS_EXEC;
	default:
		return is_path_text(r->pattern);
	}
}

/* Whether a rule is its pattern only. */
static bool is_plain(const struct sm_rule *r)
{
	if (r->family == SM_FAMILY_NETWORK)
		return r->access == SM_ACCESS_SOCKET ||
		       r->access == SM_ACCESS_RESOLVE;
	return !r->has_args && r->access != SM_ACCESS_SHELL;
}

static struct sm_str pattern_of(const struct sm_rule *r,
				struct sm_address_pattern *address)
{
	memset(address, 0, sizeof(*address));
	if (r->family != SM_FAMILY_NETWORK || r->access == SM_ACCESS_SOCKET ||
	    sm_pattern_address(r->pattern, r->access != SM_ACCESS_RESOLVE,
			       address, NULL))
		return r->pattern;
	return address->host;
}

/* Addresses have spellings and blocks: only the same text is compared. */
static bool is_address(struct sm_str host)
{
	char key[SM_ADDRESS_KEY];

	return sm_match_address(host, key) ||
	       (host.len && memchr(host.p, '/', host.len)) ||
	       (host.len && memchr(host.p, ':', host.len));
}

static bool is_host(const struct sm_rule *r, struct sm_str pattern)
{
	return r->family == SM_FAMILY_NETWORK &&
	       r->access != SM_ACCESS_SOCKET && !is_path_text(pattern) &&
	       !(pattern.len && pattern.p[0] == '@');
}

static enum sm_status add_lower(struct sm_language *l, struct sm_str host)
{
	char text[256];
	uint32_t i;

	if (host.len >= sizeof(text) || is_address(host))
		return SM_UNSUPPORTED;
	for (i = 0; i < host.len; i++)
		text[i] = host.p[i] >= 'A' && host.p[i] <= 'Z'
				  ? (char)(host.p[i] | 32)
				  : host.p[i];
	return sm_language_add(l, SM_SPELLED_KEY, (struct sm_str){ NULL, 0 },
			       (struct sm_str){ text, host.len });
}

static enum sm_status add_rule(struct side *side, const struct sm_rule *r,
			       struct sm_language *l)
{
	struct sm_str values[SM_VALUES_OF_VARIABLE_MAX], name, rest;
	struct sm_str none = { NULL, 0 };
	struct sm_address_pattern address;
	struct sm_str p = pattern_of(r, &address);
	enum sm_status status;
	uint32_t n = sm_pattern_variable(p);
	size_t count, i;

	if (is_symbol(r) || r->access == SM_ACCESS_SHELL)
		return SM_UNSUPPORTED;
	if (is_host(r, p))
		return add_lower(l, p);
	if (!is_path_text(p))
		return sm_language_add(l,
				       r->access == SM_ACCESS_RUN
					       ? SM_SPELLED_CODE
					       : SM_SPELLED_KEY,
				       none, p);
	if (!n)
		return sm_language_add(l, SM_SPELLED_PATH, none, p);
	name = (struct sm_str){ p.p + 2, n - 3 };
	rest = (struct sm_str){ p.p + n, p.len - n };
	status = sm_build_values(&side->values, name, 0, values,
				 SM_VALUES_OF_VARIABLE_MAX, &count);
	if (status == SM_NOT_FOUND)
		return SM_OK; /* a bundle's rule that falls away */
	for (i = 0; !status && i < count; i++)
		status = sm_language_add(l, SM_SPELLED_PATH, values[i], rest);
	return status;
}

/* ----------------------------------------------------------- arguments etc. */

static enum cover compare_slot(struct sm_str wide, struct sm_str narrow)
{
	struct sm_language *a = sm_language_new(), *b = sm_language_new();
	struct sm_str none = { NULL, 0 };
	enum cover cover = UNKNOWN;
	char text[SM_FOUND_MAX];

	if (sm_str_equal(wide, narrow)) {
		cover = COVERED;
	} else if (a && b &&
		   !sm_language_add(a, SM_SPELLED_KEY, none, narrow) &&
		   !sm_language_add(b, SM_SPELLED_KEY, none, wide)) {
		switch (sm_language_search(a, NULL, b, false, text)) {
		case SM_FOUND_NOTHING:
			cover = COVERED;
			break;
		case SM_FOUND_ONE:
			cover = OPEN;
			break;
		case SM_FOUND_UNKNOWN:
			break;
		}
	}
	sm_language_free(a);
	sm_language_free(b);
	return cover;
}

static bool has_star(const struct sm_rule *r)
{
	return holds(&r->args, SM_STR("*"));
}

static enum cover compare_args(const struct sm_rule *wide,
			       const struct sm_rule *narrow)
{
	enum cover worst = COVERED, one;
	size_t i;

	if (!wide->has_args)
		return COVERED;
	if (!narrow->has_args)
		return OPEN;
	if (are_strings_equal(&wide->args, &narrow->args))
		return COVERED;
	if (has_star(wide) || has_star(narrow))
		return UNKNOWN;
	if (wide->args.count != narrow->args.count)
		return OPEN;
	for (i = 0; i < wide->args.count; i++) {
		one = compare_slot(wide->args.items[i], narrow->args.items[i]);
		worst = one > worst ? one : worst;
	}
	return worst;
}

static enum cover compare_address(const struct sm_rule *wide,
				  const struct sm_rule *narrow)
{
	struct sm_address_pattern w, n;

	(void)pattern_of(wide, &w);
	(void)pattern_of(narrow, &n);
	if (w.proto.len && !sm_str_equal(w.proto, n.proto))
		return OPEN;
	if (!w.proto.len && n.proto.len &&
	    !sm_str_equal(n.proto, SM_STR("tcp")) &&
	    !sm_str_equal(n.proto, SM_STR("udp")))
		return UNKNOWN;
	return n.port_low < w.port_low || n.port_high > w.port_high ? OPEN
								    : COVERED;
}

/* What is compared besides the pattern. */
static enum cover compare_rest(const struct sm_rule *wide,
			       const struct sm_rule *narrow, uint32_t access)
{
	if (access == SM_ACCESS_SHELL)
		return sm_str_equal(wide->pattern, narrow->pattern) ? COVERED
								    : UNKNOWN;
	if (wide->family == SM_FAMILY_NETWORK)
		return access == SM_ACCESS_CONNECT || access == SM_ACCESS_BIND
			       ? compare_address(wide, narrow)
			       : COVERED;
	return compare_args(wide, narrow);
}

/* ----------------------------------------------------------------- coverage */

static bool is_candidate(const struct sm_rule *r, const struct question *q)
{
	uint32_t access = access_of(r);

	/* Who may connect to a host may ask for its address. */
	if (q->access == SM_ACCESS_RESOLVE && (access & SM_ACCESS_CONNECT) &&
	    !r->deny)
		access |= SM_ACCESS_RESOLVE;
	return r->family == q->rule->family && (access & q->access) &&
	       (via_of(r) & q->via) && covers_by(r, q->by);
}

/* The same words mean the same only where variables do. */
static bool is_same_text(const struct differ *d, const struct sm_rule *a,
			 const struct sm_rule *b)
{
	return sm_str_equal(a->pattern, b->pattern) &&
	       !sm_pattern_variable(a->pattern) &&
	       (!is_symbol(a) || d->has_same_roots);
}

struct languages {
	struct sm_language *rule, *sure, *all;
	bool is_partial;  /* all lacks something that could not be added */
	bool has_symbols; /* it lacks the standard library, distributions */
	unsigned candidates, others; /* others: sure in the pattern only */
	bool is_other_open;
};

/* The bytes that every text begins with; escapes end them. */
static struct sm_str head_of(struct sm_str p)
{
	uint32_t n = sm_pattern_variable(p);

	while (n < p.len && !strchr("*<\\", p.p[n]))
		n++;
	return (struct sm_str){ p.p, n };
}

static bool has_wildcard(struct sm_str p)
{
	return head_of(p).len < p.len;
}

/* Proved to have nothing in common by what both begin with. */
static bool are_heads_apart(const struct differ *d, struct sm_str a,
			    struct sm_str b)
{
	bool is_same_start = sm_pattern_variable(a) == sm_pattern_variable(b) &&
			     (!sm_pattern_variable(a) || d->has_same_roots);

	a = head_of(a);
	b = head_of(b);
	return is_same_start && is_path_text(a) && is_path_text(b) &&
	       !sm_str_starts(a, b) && !sm_str_starts(b, a);
}

static bool are_hosts_apart(struct sm_str a, struct sm_str b)
{
	char x[SM_ADDRESS_KEY], y[SM_ADDRESS_KEY];
	bool is_a = is_address(a), is_b = is_address(b);

	if (is_a && is_b)
		return sm_match_address(a, x) && sm_match_address(b, y) &&
		       memcmp(x, y, sizeof(x)) != 0;
	if (is_a)
		return !has_wildcard(b);
	return is_b && !has_wildcard(a);
}

static struct sm_str name_of(struct sm_str symbol)
{
	const char *colon =
		symbol.len ? memchr(symbol.p, ':', symbol.len) : NULL;
	uint32_t n = colon ? (uint32_t)(colon + 1 - symbol.p) : symbol.len;

	return (struct sm_str){ symbol.p + n, symbol.len - n };
}

static bool is_distribution(struct sm_str symbol)
{
	return sm_str_starts(symbol, SM_STR("distribution:"));
}

static bool are_symbols_apart(struct sm_str a, struct sm_str b)
{
	struct sm_str x = name_of(a), y = name_of(b);
	uint32_t i;

	if (is_distribution(a) != is_distribution(b))
		return true;
	/* "stdlib" leaves out what needs a rule of its own. */
	if (!x.len || !y.len)
		return sm_policy_is_capability(x.len ? x : y);
	if (x.len != y.len)
		return true;
	for (i = 0; i < x.len; i++)
		if (x.p[i] != y.p[i] &&
		    !(strchr("-_", x.p[i]) && strchr("-_", y.p[i])))
			return true;
	return false;
}

static bool are_apart(const struct differ *d, const struct sm_rule *a,
		      const struct sm_rule *b)
{
	struct sm_address_pattern m, n;
	struct sm_str p = pattern_of(a, &m), q = pattern_of(b, &n);

	if (is_host(a, p) && is_host(b, q))
		return are_hosts_apart(p, q);
	if (is_symbol(a) && is_symbol(b))
		return are_symbols_apart(p, q);
	return are_heads_apart(d, p, q);
}

/* COVERED: one rule is enough. Otherwise *l holds what to search. */
static enum cover collect(const struct differ *d, struct side *other,
			  const struct question *q, bool is_deny,
			  struct languages *l)
{
	size_t i;

	for (i = 0; i < other->rules->count; i++) {
		const struct sm_rule *r = &other->rules->rules[i];
		enum cover rest;

		if (r->deny != is_deny || !is_candidate(r, q) ||
		    are_apart(d, r, q->rule))
			continue;
		rest = compare_rest(r, q->rule, q->access);
		if (rest == COVERED && is_same_text(d, r, q->rule))
			return COVERED;
		l->candidates++;
		l->has_symbols |= is_symbol(r);
		if (rest != COVERED) {
			l->others++;
			l->is_other_open = rest == OPEN;
		}
		if (is_symbol(r))
			continue;
		if ((rest == COVERED && add_rule(other, r, l->sure)) ||
		    add_rule(other, r, l->all))
			l->is_partial = true;
	}
	return OPEN;
}

/* Whether a path lies where "stdlib" and "distribution:NAME" may mean it. */
static bool is_below_roots(struct side *side, const char *path)
{
	static const char *const names[] = { "STDLIB", "SITE" };
	struct sm_str values[SM_VALUES_OF_VARIABLE_MAX];
	size_t count, i, j;

	for (i = 0; i < 2; i++) {
		if (sm_build_values(&side->values, sm_str_of(names[i]), 0,
				    values, SM_VALUES_OF_VARIABLE_MAX, &count))
			continue;
		for (j = 0; j < count; j++)
			if (sm_str_starts(sm_str_of(path), values[j]))
				return true;
	}
	return false;
}

/* Some of what a symbol means: enough to show that it is not covered. */
static enum sm_status add_some(struct side *side, struct sm_str symbol,
			       struct sm_language *l)
{
	struct sm_str values[SM_VALUES_OF_VARIABLE_MAX], name = name_of(symbol);
	bool is_site = is_distribution(symbol);
	enum sm_status status;
	char text[256];
	size_t count, i;
	int n = snprintf(text, sizeof(text), "/%.*s/**",
			 name.len ? (int)name.len : 4,
			 name.len ? name.p : "json");

	if (n < 0 || (size_t)n >= sizeof(text))
		return SM_LIMIT;
	status = sm_build_values(&side->values,
				 is_site ? SM_STR("SITE") : SM_STR("STDLIB"), 0,
				 values, SM_VALUES_OF_VARIABLE_MAX, &count);
	for (i = 0; !status && i < count; i++)
		status = sm_language_add(l, SM_SPELLED_PATH, values[i],
					 (struct sm_str){ text, (uint32_t)n });
	return status;
}

static enum cover search(struct side *own, struct side *other,
			 const struct question *q, struct languages *l,
			 char text[SM_FOUND_MAX])
{
	bool paths = is_path(q->rule);

	if (!l->candidates)
		return OPEN;
	if (is_symbol(q->rule) ? add_some(own, q->rule->pattern, l->rule)
			       : add_rule(own, q->rule, l->rule))
		return l->others == 1 && l->candidates == 1 && l->is_other_open
			       ? OPEN
			       : UNKNOWN;
	switch (sm_language_search(l->rule, NULL, l->sure, paths, text)) {
	case SM_FOUND_NOTHING:
		return is_symbol(q->rule) ? UNKNOWN : COVERED;
	case SM_FOUND_UNKNOWN:
		return UNKNOWN;
	case SM_FOUND_ONE:
		break;
	}
	if (l->is_partial || (l->has_symbols && is_below_roots(other, text)))
		return UNKNOWN;
	if (!l->others || (l->others == 1 && l->is_other_open))
		return OPEN;
	return sm_language_search(l->rule, NULL, l->all, paths, text) ==
			       SM_FOUND_ONE
		       ? OPEN
		       : UNKNOWN;
}

static enum cover ask(const struct differ *d, struct side *own,
		      struct side *other, struct question *q, bool is_deny)
{
	struct languages l = { .rule = sm_language_new(),
			       .sure = sm_language_new(),
			       .all = sm_language_new() };
	enum cover cover = UNKNOWN;

	q->text[0] = 0;
	if (l.rule && l.sure && l.all) {
		cover = collect(d, other, q, is_deny, &l);
		if (cover != COVERED)
			cover = search(own, other, q, &l, q->text);
	}
	sm_language_free(l.rule);
	sm_language_free(l.sure);
	sm_language_free(l.all);
	return cover;
}

/* All accesses, principals and ways of rule; *worst keeps the telling one. */
static enum cover cover_rule(const struct differ *d, struct side *own,
			     struct side *other, const struct sm_rule *rule,
			     struct question *worst)
{
	enum cover result = COVERED, one;
	struct question q = { .rule = rule };
	size_t i, count = rule->by.count ? rule->by.count : 1;
	int access, via;

	*worst = q;
	for (access = 0; access < SM_ACCESSES; access++)
		for (via = 0; via < SM_VIAS; via++)
			for (i = 0; i < count && result != OPEN; i++) {
				q.access = access_of(rule) & 1u << access;
				q.via = via_of(rule) & 1u << via;
				q.by = rule->by.count ? rule->by.items[i]
						      : q.by;
				if (!q.access || !q.via)
					continue;
				one = ask(d, own, other, &q, rule->deny);
				if (one <= result)
					continue;
				result = one;
				*worst = q;
			}
	return result;
}

/* ------------------------------------------------------------ interactions */

static bool is_denied_by(const struct sm_rule *deny, const struct sm_rule *r)
{
	if (deny->family == SM_FAMILY_FILES && r->access == SM_ACCESS_LOAD)
		return deny->access & SM_ACCESS_READ;
	return deny->family == r->family && (access_of(deny) & access_of(r));
}

static bool lets_write(const struct sm_rule *r)
{
	const uint32_t writes =
		SM_ACCESS_WRITE | SM_ACCESS_CREATE | SM_ACCESS_SQLITE;

	return r->family == SM_FAMILY_FILES && !r->deny &&
	       (r->access & writes) && (via_of(r) & ~(1u << SM_VIA_IMPORT));
}

static bool is_code(const struct sm_rule *r)
{
	return r->access == SM_ACCESS_LOAD || r->access == SM_ACCESS_EXEC ||
	       (r->access == SM_ACCESS_DLOPEN && is_path_text(r->pattern));
}

/* What r means at most: a symbol lies somewhere below its roots. */
static enum sm_status add_most(struct side *side, const struct sm_rule *r,
			       struct sm_language *l)
{
	struct sm_str values[SM_VALUES_OF_VARIABLE_MAX];
	bool is_site = is_distribution(r->pattern);
	enum sm_status status;
	size_t count, i;

	if (!is_symbol(r))
		return add_rule(side, r, l);
	status = sm_build_values(&side->values,
				 is_site ? SM_STR("SITE") : SM_STR("STDLIB"), 0,
				 values, SM_VALUES_OF_VARIABLE_MAX, &count);
	for (i = 0; !status && i < count; i++)
		status = sm_language_add(l, SM_SPELLED_PATH, values[i],
					 SM_STR("/**"));
	return status;
}

/* One resource that both rules mean and `out` does not. */
static enum cover meet(struct side *own, const struct sm_rule *rule,
		       struct side *side, const struct sm_rule *r,
		       const struct sm_language *out, char text[SM_FOUND_MAX])
{
	struct sm_language *a = sm_language_new(), *b = sm_language_new();
	enum cover result = UNKNOWN;

	if (is_path(rule) != is_path(r))
		result = COVERED;
	else if (a && b && !add_rule(own, rule, a) && !add_most(side, r, b))
		switch (sm_language_search(a, b, out, is_path(r), text)) {
		case SM_FOUND_NOTHING:
			result = COVERED;
			break;
		case SM_FOUND_ONE:
			result = OPEN;
			break;
		case SM_FOUND_UNKNOWN:
			break;
		}
	sm_language_free(a);
	sm_language_free(b);
	return result;
}

/* Whether the question's deny rule takes something from the allow rule r. */
static enum cover deny_one(const struct differ *d, struct side *own,
			   struct side *other, struct side *side,
			   struct question *q, const struct sm_rule *r)
{
	struct sm_language *out = sm_language_new();
	enum cover met = UNKNOWN;
	bool is_exact = r->family == q->rule->family &&
			(access_of(r) & q->access) && (via_of(r) & q->via) &&
			(!q->by.len || covers_by(r, q->by)) && is_plain(r) &&
			is_plain(q->rule);
	size_t i;

	/* What the other side denies anyhow; whatever is left out only */
	/* turns "nothing" into "cannot tell" or an example into none. */
	for (i = 0; out && i < other->rules->count; i++) {
		const struct sm_rule *deny = &other->rules->rules[i];

		if (deny->deny && is_candidate(deny, q) && is_plain(deny) &&
		    !are_apart(d, deny, q->rule) && add_rule(other, deny, out))
			is_exact = false;
	}
	if (out && !are_apart(d, r, q->rule))
		met = meet(own, q->rule, side, r, is_exact ? out : NULL,
			   q->text);
	else if (out)
		met = COVERED;
	sm_language_free(out);
	return met == OPEN && !is_exact ? UNKNOWN : met;
}

static enum cover deny_any(const struct differ *d, struct side *own,
			   struct side *other, struct side *side,
			   struct question *q)
{
	enum cover worst = COVERED, one;
	size_t i;

	for (i = 0; i < side->rules->count && worst != OPEN; i++) {
		const struct sm_rule *r = &side->rules->rules[i];

		if (r->deny || !is_denied_by(q->rule, r))
			continue;
		one = deny_one(d, own, other, side, q, r);
		worst = one > worst ? one : worst;
	}
	return worst;
}

static bool writes_code(const struct differ *d, struct side *own,
			const struct sm_rule *rule, struct side *side)
{
	char text[SM_FOUND_MAX];
	size_t i;

	for (i = 0; i < side->rules->count; i++) {
		const struct sm_rule *r = &side->rules->rules[i];

		if (!r->deny && is_code(r) && !are_apart(d, rule, r) &&
		    meet(own, rule, side, r, NULL, text) != COVERED)
			return true;
	}
	return false;
}

/* ---------------------------------------------------------------- reporting */

static void tell(const struct differ *d, enum sm_change change,
		 const struct sm_rule *rule, bool is_new, const char *why,
		 const struct question *q)
{
	struct sm_policy_change c = {
		.change = change,
		.rule = rule,
		.is_new = is_new,
		.family = rule->family,
		.why = why,
		.access = q ? q->access : 0,
		.by = q ? q->by : (struct sm_str){ NULL, 0 },
		.example = q && q->text[0] ? q->text : NULL,
	};

	d->changed(d->context, &c);
}

/* A deny rule counts where the side that lacks it allows something. */
static void compare_deny(struct differ *d, struct side *own, struct side *other,
			 struct question *q, bool is_new)
{
	enum cover met = deny_any(d, own, other, other, q);

	if (met == COVERED)
		return;
	if (met == UNKNOWN)
		q->text[0] = 0;
	tell(d,
	     met == UNKNOWN ? SM_CHANGE_UNKNOWN
	     : is_new	    ? SM_CHANGE_NARROWER
			    : SM_CHANGE_WIDER,
	     q->rule, is_new,
	     met == UNKNOWN ? "changed, cannot tell"
	     : is_new	    ? "newly denied"
			    : "no longer denied",
	     q);
}

/* A rule of one side that grants (or denies) what the other side does not. */
static void compare_rule(struct differ *d, struct side *own, struct side *other,
			 const struct sm_rule *rule, bool is_new)
{
	struct question q;
	enum cover cover = cover_rule(d, own, other, rule, &q);

	if (cover == UNKNOWN) {
		q.text[0] = 0;
		tell(d, SM_CHANGE_UNKNOWN, rule, is_new, "changed, cannot tell",
		     &q);
	} else if (cover == OPEN && rule->deny) {
		compare_deny(d, own, other, &q, is_new);
	} else if (cover == OPEN) {
		tell(d, is_new ? SM_CHANGE_WIDER : SM_CHANGE_NARROWER, rule,
		     is_new, is_new ? "newly allowed" : "no longer allowed",
		     &q);
	}
	/* Written code is no code: less writing may allow more loading. */
	if (!is_new && cover != COVERED && lets_write(rule) &&
	    writes_code(d, own, rule, other))
		tell(d, SM_CHANGE_UNKNOWN, rule, is_new,
		     "code there may be loaded now", NULL);
}

static bool is_equal(const struct sm_rule *a, const struct sm_rule *b)
{
	return a->family == b->family && a->access == b->access &&
	       a->deny == b->deny && via_of(a) == via_of(b) &&
	       a->has_args == b->has_args &&
	       sm_str_equal(a->pattern, b->pattern) &&
	       are_strings_equal(&a->args, &b->args) &&
	       are_strings_equal(&a->by, &b->by);
}

static bool has_equal(const struct side *side, const struct sm_rule *rule)
{
	size_t i;

	for (i = 0; i < side->rules->count; i++)
		if (is_equal(&side->rules->rules[i], rule))
			return true;
	return false;
}

static bool is_same_variables(struct side *a, struct side *b)
{
	const struct sm_rules *rules[2] = { a->rules, b->rules };
	struct sm_str x[SM_VALUES_OF_VARIABLE_MAX],
		y[SM_VALUES_OF_VARIABLE_MAX];
	size_t i, j, m, n;

	for (int s = 0; s < 2; s++)
		for (i = 0; i < rules[s]->variable_count; i++) {
			struct sm_str name = rules[s]->variables[i].name;

			if (sm_build_values(&a->values, name, 0, x,
					    SM_VALUES_OF_VARIABLE_MAX, &m) ||
			    sm_build_values(&b->values, name, 0, y,
					    SM_VALUES_OF_VARIABLE_MAX, &n) ||
			    m != n)
				return false;
			for (j = 0; j < m; j++)
				if (!sm_str_equal(x[j], y[j]))
					return false;
		}
	return true;
}

static void compare_side(struct differ *d, struct side *own, struct side *other,
			 bool is_new)
{
	size_t i;

	for (i = 0; i < own->rules->count; i++) {
		const struct sm_rule *rule = &own->rules->rules[i];

		/* With the same variables the same words mean the same. */
		if (d->has_same_roots && has_equal(other, rule))
			continue;
		compare_rule(d, own, other, rule, is_new);
	}
}

static enum sm_mode mode_of(const struct sm_rules *rules, int family)
{
	return rules->modes[family] ? rules->modes[family] : SM_MODE_BLOCK;
}

static void compare_modes(const struct differ *d)
{
	for (int f = 0; f < SM_FAMILIES; f++) {
		enum sm_mode was = mode_of(d->old.own, f),
			     is = mode_of(d->new.own, f);
		struct sm_policy_change c = { .family = f };

		/* Unlisted events only warn until the mode is spelled out. */
		if (f == SM_FAMILY_EVENTS &&
		    d->old.own->modes[f] != d->new.own->modes[f] && was == is)
			is = d->new.own->modes[f] ? SM_MODE_BLOCK
						  : SM_MODE_WARN,
			was = is == SM_MODE_BLOCK ? SM_MODE_WARN
						  : SM_MODE_BLOCK;
		if (was == is)
			continue;
		c.change = is < was ? SM_CHANGE_WIDER : SM_CHANGE_NARROWER;
		c.why = is == SM_MODE_OFF    ? "mode is off now"
			: is == SM_MODE_WARN ? "mode is warn now"
					     : "mode is block now";
		c.is_new = true;
		d->changed(d->context, &c);
	}
}

enum sm_status sm_policy_diff(const struct sm_rules *old,
			      const struct sm_rules *new,
			      const struct sm_binding *bindings, size_t count,
			      sm_policy_changed *changed, void *context,
			      struct sm_diag *diag)
{
	struct sm_rules *a = NULL, *b = NULL;
	enum sm_status status = sm_policy_expand(old, &a, diag);
	struct differ d = { .changed = changed, .context = context };

	if (!status)
		status = sm_policy_expand(new, &b, diag);
	if (!status) {
		d.old = (struct side){ a,
				       old,
				       { .rules = a,
					 .bindings = bindings,
					 .binding_count = count } };
		d.new = (struct side){ b,
				       new,
				       { .rules = b,
					 .bindings = bindings,
					 .binding_count = count } };
		d.has_same_roots = is_same_variables(&d.old, &d.new);
		compare_modes(&d);
		compare_side(&d, &d.new, &d.old, true);
		compare_side(&d, &d.old, &d.new, false);
	}
	sm_rules_free(a);
	sm_rules_free(b);
	return status;
}
