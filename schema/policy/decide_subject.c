/* SPDX-License-Identifier: Apache-2.0 */
/*
 * decide_subject.c: who asks: principals as the policy sees them.
 */
#include "schema/policy/blob.h"

#include "schema/path.h"
#include "schema/policy/functions.h"

static const struct sm_str empty;

/* What follows the longest directory of span that file lies in. */
static struct sm_str below_any(const struct sm_policy *policy,
			       struct sm_blob_span span, struct sm_str file)
{
	const struct sm_blob_text *names =
		sm_blob_section(policy, SM_BLOB_NAMES);
	struct sm_str best = empty;
	uint32_t i;

	for (i = 0; i < span.count; i++) {
		struct sm_str dir = sm_blob_str(policy, names[span.first + i]);

		if (!dir.len || file.len <= dir.len + 1 ||
		    !sm_str_starts(file, dir) || file.p[dir.len] != '/')
			continue;
		if (!best.p || file.len - dir.len - 1 < best.len)
			best = (struct sm_str){ file.p + dir.len + 1,
						file.len - dir.len - 1 };
	}
	return best;
}

/* "pkg/mod.py" and "pkg.py" and "pkg.abi3.so" all belong to "pkg". */
static struct sm_str top_name(struct sm_str path)
{
	uint32_t n = 0;

	while (n < path.len && path.p[n] != '/' && path.p[n] != '.')
		n++;
	return (struct sm_str){ path.p, n };
}

struct sm_str sm_decide_module(const struct sm_policy *policy,
			       struct sm_str file)
{
	const struct sm_blob_header *h = sm_blob_header(policy);
	struct sm_str rest;

	if (sm_str_starts(file, SM_STR("<frozen ")))
		return top_name((struct sm_str){
			file.p + 8,
			file.len - 8 - (file.p[file.len - 1] == '>') });
	if (below_any(policy, h->site, file).len)
		return empty;
	rest = below_any(policy, h->stdlib, file);
	if (sm_str_starts(rest, SM_STR("site-packages/")) ||
	    sm_str_starts(rest, SM_STR("dist-packages/")))
		return empty;
	return rest.len ? top_name(rest) : empty;
}

bool sm_decide_is_installed(const struct sm_policy *policy, struct sm_str path)
{
	const struct sm_blob_header *h = sm_blob_header(policy);

	return below_any(policy, h->site, path).len ||
	       below_any(policy, h->stdlib, path).len;
}

static bool needs_cover(const struct sm_policy *policy)
{
	return sm_blob_header(policy)->modes[SM_FAMILY_CODE] == SM_MODE_BLOCK;
}

/* The owner of dynamic code; false when nobody the policy knows. */
static bool find_owner(const struct sm_policy *policy, struct sm_str file,
		       struct sm_str *owner)
{
	struct sm_str rest;

	*owner = SM_STR("main");
	if (!file.len)
		return true;
	*owner = SM_STR("python");
	if (sm_decide_module(policy, file).len)
		return true;
	rest = below_any(policy, sm_blob_header(policy)->site, file);
	*owner = rest.len ? top_name(rest) : SM_STR("app");
	return !needs_cover(policy) || sm_decide_is_code(policy, file);
}

static bool is_app(const struct sm_subject *subject)
{
	return subject->kind == SM_PRINCIPAL_APP && !subject->is_narrowed;
}

static bool is_one(const struct sm_policy *policy, const struct sm_blob_by *by,
		   const struct sm_subject *subject)
{
	switch (by->by) {
	case SM_BY_KIND:
		return by->kind == subject->kind && !subject->is_narrowed;
	case SM_BY_NAME:
		return subject->name.len &&
		       (subject->kind == SM_PRINCIPAL_DISTRIBUTION ||
			subject->kind == SM_PRINCIPAL_PYTHON) &&
		       sm_str_equal(subject->name,
				    sm_blob_str(policy, by->name));
	case SM_BY_OWNER:
		return subject->kind == SM_PRINCIPAL_DYNAMIC &&
		       sm_str_equal(subject->owner,
				    sm_blob_str(policy, by->name));
	case SM_BY_FUNCTION:
		return is_app(subject) &&
		       sm_functions_list(sm_blob_str(policy, by->name),
					 subject->function);
	case SM_BY_OTHERS:
		return is_app(subject) &&
		       !sm_functions_list(sm_blob_str(policy, by->name),
					  subject->function);
	}
	return false;
}

/* The names that rules know him by, beside his kind. */
static uint64_t who_is(const struct sm_policy *policy,
		       const struct sm_subject *subject)
{
	const struct sm_blob_by *known = sm_blob_section(policy, SM_BLOB_WHO);
	uint32_t count = sm_blob_header(policy)->sections[SM_BLOB_WHO].count;
	uint64_t who = SM_WHO(subject->kind);

	for (uint32_t i = 0; i < count; i++)
		if (is_one(policy, &known[i], subject))
			who |= SM_WHO(SM_WHO_NAMES + i);
	/* There may be more names, and one of them his. */
	if (count == SM_WHO_NAMES_MAX)
		who |= SM_WHO(SM_WHO_OTHERS);
	return who;
}

void sm_policy_subject(const struct sm_policy *policy,
		       const struct sm_principal *principal,
		       struct sm_subject *subject)
{
	subject->kind = principal->kind;
	subject->name = principal->kind == SM_PRINCIPAL_DISTRIBUTION
				? principal->name
				: empty;
	subject->owner = subject->function = empty;
	subject->is_narrowed = false;
	switch (principal->kind) {
	case SM_PRINCIPAL_APP:
		subject->function = principal->function;
		if (needs_cover(policy) &&
		    !sm_decide_is_code(policy, principal->file))
			subject->kind = SM_PRINCIPAL_FOREIGN;
		break;
	case SM_PRINCIPAL_DYNAMIC:
		if (!find_owner(policy, principal->file, &subject->owner))
			subject->kind = SM_PRINCIPAL_FOREIGN;
		break;
	case SM_PRINCIPAL_DISTRIBUTION:
	case SM_PRINCIPAL_PYTHON:
	case SM_PRINCIPAL_MAIN:
		break;
	default:
		subject->kind = SM_PRINCIPAL_FOREIGN;
	}
	subject->who = who_is(policy, subject);
}

enum sm_principal_kind sm_policy_principal(const struct sm_policy *policy,
					   const struct sm_principal *principal)
{
	struct sm_subject subject;

	sm_policy_subject(policy, principal, &subject);
	return subject.kind;
}

bool sm_decide_by(const struct sm_policy *policy,
		  const struct sm_blob_rule *rule,
		  const struct sm_subject *subject, bool is_indirect)
{
	const struct sm_blob_by *by = sm_blob_section(policy, SM_BLOB_BY);
	uint32_t i;

	if (!rule->by.count)
		return (rule->flags & SM_RULE_DENY) ||
		       (subject->kind != SM_PRINCIPAL_FOREIGN &&
			(subject->kind != SM_PRINCIPAL_DYNAMIC || is_indirect));
	for (i = 0; i < rule->by.count; i++)
		if (is_one(policy, &by[rule->by.first + i], subject))
			return true;
	return false;
}
