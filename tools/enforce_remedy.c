/* SPDX-License-Identifier: Apache-2.0 */
/*
 * enforce_remedy.c: another interpreter's library, a bundle where one helps,
 * otherwise literal rules. Each proposal is tried on the event before it is
 * made.
 */
#include "tools/enforce_remedy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SENTENCE_MAX 1024
#define PATH_ROOM    512

struct trial {
	const char *text;
	const struct sm_binding *variables;
	size_t count;
	const struct sm_event *event;
};

/* ------------------------------------------------------------------- asking */

/* Decides the event by rules; false: they do not compile. Frees nothing. */
static bool ask(const struct trial *t, const struct sm_rules *rules,
		struct sm_verdict *verdict, char *why)
{
	struct sm_diag diag = { 0 };
	struct sm_policy policy;
	void *blob = NULL;
	size_t bytes;
	bool is_answered = false;

	if (!sm_policy_compile(rules, t->variables, t->count, &blob, &bytes,
			       &diag) &&
	    !sm_policy_open(&policy, blob, bytes, &diag)) {
		sm_policy_decide(&policy, t->event, verdict);
		if (why)
			sm_verdict_explain(t->event, verdict, why,
					   SENTENCE_MAX);
		is_answered = true;
	}
	free(blob);
	verdict->rule = SM_STR(""); /* was in the blob */
	return is_answered;
}

static bool allows(const struct trial *t, const struct sm_rules *rules)
{
	struct sm_verdict verdict;

	return ask(t, rules, &verdict, NULL) && verdict.decision == SM_ALLOWED;
}

static struct sm_rules *parse(const struct trial *t)
{
	struct sm_rules *rules = NULL;
	struct sm_diag diag = { 0 };

	if (!sm_policy_parse(t->text, strlen(t->text), &rules, &diag))
		return rules;
	sm_rules_free(rules);
	return NULL;
}

/* ------------------------------------------------------------------ bundles */

static bool is_given(const struct trial *t, const char *name)
{
	for (size_t i = 0; i < t->count; i++)
		if (!strcmp(t->variables[i].name, name))
			return true;
	return false;
}

static bool is_defined(const struct trial *t, const struct sm_rules *rules,
		       const char *name)
{
	if (is_given(t, name))
		return true;
	for (size_t i = 0; i < rules->variable_count; i++)
		if (sm_str_equal(rules->variables[i].name, sm_str_of(name)))
			return true;
	return false;
}

/* "/usr/lib/python3.11" of what lies in it; the same of a zip file's name. */
static struct sm_str library_of(const struct sm_event *event)
{
	static struct sm_request_scratch scratch; /* in the storing thread */
	struct sm_request requests[SM_REQUESTS_MAX];
	unsigned n = sm_event_requests(event, &scratch, requests);

	for (unsigned i = 0; i < n; i++) {
		struct sm_str path = requests[i].value;
		const char *at = memmem(path.p, path.len, "/python3.", 9);
		const char *end =
			at ? memchr(at + 1, '/',
				    path.len - (size_t)(at + 1 - path.p))
			   : NULL;

		if (at && path.p[0] == '/')
			return (struct sm_str){ path.p,
						end ? (uint32_t)(end - path.p)
						    : path.len };
	}
	return SM_STR("/usr/lib/python3");
}

/* The variables bundles need, for the trial; false: out of memory. */
static bool define(const struct trial *t, struct sm_rules *rules,
		   bool *has_added)
{
	static const char *const names[] = { "STDLIB", "SITE" };
	const struct sm_str library = library_of(t->event);
	char site[PATH_ROOM + 16];
	struct sm_str values[] = { library, { site, 0 } };

	*has_added = false;
	snprintf(site, sizeof(site), "%.*s/site-packages",
		 (int)(library.len < PATH_ROOM ? library.len : PATH_ROOM),
		 library.p);
	values[1].len = (uint32_t)strlen(site);
	for (int i = 0; i < 2; i++) {
		if (is_defined(t, rules, names[i]))
			continue;
		*has_added = true;
		if (sm_rules_set_variable(rules, sm_str_of(names[i]),
					  &values[i], 1))
			return false;
	}
	return true;
}

static bool try_bundle(const struct trial *t, const char *name, FILE *out)
{
	struct sm_rules *rules = parse(t);
	bool has_added, helps = false;

	if (rules && define(t, rules, &has_added) &&
	    !sm_strings_add(rules, &rules->use, sm_str_of(name)) &&
	    allows(t, rules)) {
		fprintf(out, "; add \"%s\" to \"use\"%s", name,
			has_added ? ", with \"STDLIB\" and \"SITE\" among "
				    "the \"variables\""
				  : "");
		helps = true;
	}
	sm_rules_free(rules);
	return helps;
}

static bool try_bundles(const struct trial *t, FILE *out)
{
	const char *const *names = sm_bundle_names();

	while (*names && !try_bundle(t, *names, out))
		names++;
	return *names;
}

/* -------------------------------------------------------------------- rules */

/* The literal in the spelling of a pattern with these special characters. */
static struct sm_str escape(struct sm_rules *rules, struct sm_str literal,
			    const char *special)
{
	char *text = malloc(2 * (size_t)literal.len + 1);
	struct sm_str kept = SM_STR("");
	uint32_t n = 0;

	for (uint32_t i = 0; text && i < literal.len; i++) {
		if (literal.p[i] && strchr(special, literal.p[i]))
			text[n++] = '\\';
		text[n++] = literal.p[i];
	}
	if (text)
		kept = sm_rules_keep(rules, (struct sm_str){ text, n });
	free(text);
	return kept;
}

/* Programs and shell lines need more thought than a line can hold. */
static bool is_simple(const struct sm_request *request)
{
	return request->family != SM_FAMILY_PROCESSES && !request->cut &&
	       request->value.len;
}

static bool add_rule(const struct trial *t, struct sm_rules *rules,
		     const struct sm_request *request, FILE *out)
{
	const struct sm_principal *who = &t->event->site.principal;
	struct sm_str by = who->name;
	struct sm_rule rule = { .family = request->family,
				.access = request->access };
	bool is_printed;
	char *text;

	if (request->family == SM_FAMILY_FILES && request->via)
		rule.via = 1u << request->via;
	else if (request->access != SM_ACCESS_LOAD && by.len)
		rule.by = (struct sm_strings){ &by, 1 };
	rule.pattern =
		escape(rules, request->value,
		       request->access == SM_ACCESS_RUN ? "\\*" : "\\*<$");
	if (!rule.pattern.p || sm_rules_add(rules, &rule) ||
	    sm_policy_print_rule(&rule, &text))
		return false;
	is_printed = fprintf(out, "add %s to \"%s\"", text,
			     sm_family_name(request->family)) > 0;
	free(text);
	return is_printed;
}

/* Rule after rule until nothing is missing. */
static bool try_rules(const struct trial *t, struct sm_rules *rules, FILE *out)
{
	static struct sm_request_scratch scratch; /* in the storing thread */
	struct sm_request requests[SM_REQUESTS_MAX];
	unsigned n = sm_event_requests(t->event, &scratch, requests);
	struct sm_verdict verdict;

	for (unsigned i = 0; i <= n; i++) {
		if (!ask(t, rules, &verdict, NULL))
			return false;
		if (verdict.decision == SM_ALLOWED)
			return true;
		fputs(i ? ", " : "; ", out);
		if (verdict.request >= n ||
		    verdict.reason == SM_REASON_WRITTEN ||
		    !is_simple(&requests[verdict.request]) ||
		    !add_rule(t, rules, &requests[verdict.request], out))
			return false;
	}
	return false;
}

/* -------------------------------------------------------------- interpreters
 */

/* Another interpreter than the policy is for has its library elsewhere. */
static bool try_library(const struct trial *t, FILE *out)
{
	struct sm_rules *rules = is_given(t, "STDLIB") ? NULL : parse(t);
	struct sm_str library = library_of(t->event);
	bool helps;

	helps = rules && is_defined(t, rules, "STDLIB") &&
		!sm_rules_set_variable(rules, SM_STR("STDLIB"), &library, 1) &&
		allows(t, rules);
	if (helps)
		fprintf(out,
			"; the policy is for another interpreter: run that "
			"one, learn from this one, or give --set STDLIB=%.*s",
			(int)library.len, library.p);
	sm_rules_free(rules);
	return helps;
}

/* ------------------------------------------------------------------- saying */

static void propose(const struct trial *t, struct sm_rules *rules, FILE *out)
{
	char *text = NULL;
	size_t bytes;
	FILE *proposal;

	if (try_library(t, out) || try_bundles(t, out))
		return;
	proposal = open_memstream(&text, &bytes);
	if (!proposal)
		return;
	if (try_rules(t, rules, proposal) && !fflush(proposal))
		fputs(text, out);
	fclose(proposal);
	free(text);
}

static char *say(const struct trial *t, struct sm_rules *rules)
{
	char why[SENTENCE_MAX], *text = NULL;
	struct sm_verdict verdict;
	size_t bytes;
	FILE *out;

	if (!ask(t, rules, &verdict, why) || verdict.decision != SM_DENIED)
		return NULL;
	out = open_memstream(&text, &bytes);
	if (!out)
		return NULL;
	fputs(why, out);
	if (verdict.reason != SM_REASON_DENY_RULE)
		propose(t, rules, out);
	if (!fclose(out))
		return text;
	free(text);
	return NULL;
}

char *enforce_remedy(const char *policy, const struct sm_binding *variables,
		     size_t count, const struct sm_event *event)
{
	const struct trial trial = { policy, variables, count, event };
	struct sm_rules *rules = parse(&trial);
	char *text = rules ? say(&trial, rules) : NULL;

	sm_rules_free(rules);
	return text;
}
