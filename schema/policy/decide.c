/* SPDX-License-Identifier: Apache-2.0 */
/*
 * decide.c: what comes of an event: the verdict, its reason and its rule.
 */
#include "schema/policy/decide.h"

#include "schema/request_file.h"

/* Rules below the nodes that path reaches in files: any that is_wanted. */
static uint32_t find_file_rule(const struct sm_policy *policy,
			       struct sm_str path,
			       bool (*is_wanted)(const struct sm_blob_rule *))
{
	struct sm_match_set set;

	sm_match_path(policy, SM_ROOT_FILES, path, &set);
	return sm_decide_first(policy, &set, is_wanted);
}

static bool lets_write(const struct sm_blob_rule *rule)
{
	const uint32_t imported = 1u << SM_VIA_IMPORT;
	const uint32_t writes =
		SM_ACCESS_WRITE | SM_ACCESS_CREATE | SM_ACCESS_SQLITE;

	return !(rule->flags & (SM_RULE_DENY | SM_RULE_MAKES_CODE)) &&
	       (rule->access & writes) && (rule->via & ~imported);
}

static bool is_executable_kind(const struct sm_request *r)
{
	return r->access == SM_ACCESS_LOAD || r->access == SM_ACCESS_EXEC ||
	       (r->access == SM_ACCESS_DLOPEN && r->value.len &&
		r->value.p[0] == '/');
}

/* A file that may not be read may not be loaded as code either. */
static void consider_file_denials(struct sm_deciding *d)
{
	struct sm_match_set set;
	const struct sm_blob_node *nodes =
		sm_blob_section(d->policy, SM_BLOB_NODES);
	const uint32_t *index = sm_blob_section(d->policy, SM_BLOB_INDEX);
	uint32_t i, j, asked = d->access;

	sm_match_path(d->policy, SM_ROOT_FILES, d->request->value, &set);
	d->access = SM_ACCESS_READ;
	for (i = 0; i < set.count; i++) {
		struct sm_blob_span rules = nodes[set.nodes[i]].rules;

		for (j = 0; j < rules.count; j++) {
			uint32_t number = index[rules.first + j];

			if (sm_decide_rule(d->policy, number)->flags &
			    SM_RULE_DENY)
				sm_decide_weigh(d, number);
		}
	}
	d->access = asked;
}

/* ---------------------------------------------------------------- verdicts */

static enum sm_mode mode_of(const struct sm_policy *policy,
			    const struct sm_event *event, enum sm_family family)
{
	const struct sm_blob_header *h = sm_blob_header(policy);

	if (family == SM_FAMILY_EVENTS && event->site.kind == SM_EVENT_OTHER)
		return h->mode_of_unknown;
	return h->modes[family];
}

static void set_rule(const struct sm_deciding *d, uint32_t rule,
		     struct sm_verdict *v)
{
	v->rule_index = rule;
	if (rule != SM_BLOB_NONE)
		v->rule = sm_blob_str(d->policy,
				      sm_decide_rule(d->policy, rule)->id);
}

/*
 * The interpreter tells of its end, the agent of answers: they do not ask. An
 * exception about to be shown asks for nothing either, and with a denial it
 * would not be shown. CPython 3.12 crashes where a new interpreter is denied;
 * the module that makes them can be.
 */
bool sm_policy_can_block(enum sm_event_kind kind)
{
	switch (kind) {
	case SM_EVENT_HOOKS_CLEAR:
	case SM_EVENT_INTERPRETER_CLEAR:
	case SM_EVENT_INTERPRETER_NEW:
	case SM_EVENT_RESOLVED:
	case SM_EVENT_SYS_EXCEPTHOOK:
	case SM_EVENT_SYS_UNRAISABLEHOOK:
		return false;
	default:
		return true;
	}
}

static void deny(const struct sm_deciding *d, enum sm_reason reason,
		 uint32_t rule, struct sm_verdict *v)
{
	enum sm_family family = d->request->family;
	enum sm_mode mode = mode_of(d->policy, d->event, family);

	/* The milder mode of unknown events is for the unlisted only. */
	if (reason == SM_REASON_DENY_RULE)
		mode = sm_blob_header(d->policy)->modes[family];
	v->decision = mode == SM_MODE_WARN ||
				      !sm_policy_can_block(d->event->site.kind)
			      ? SM_WARNED
			      : SM_DENIED;
	v->reason = reason;
	v->lacking = d->request->access & ~d->granted;
	set_rule(d, rule, v);
}

static bool is_bundled(const struct sm_policy *policy,
		       const struct sm_blob_rule *rule)
{
	struct sm_str id = sm_blob_str(policy, rule->id);

	return sm_str_has(id, '/');
}

/* The policy's own rules come before those of bundles. */
static bool has_own_rules(const struct sm_policy *policy)
{
	const struct sm_blob_rule *rules =
		sm_blob_section(policy, SM_BLOB_RULES);

	return sm_blob_header(policy)->sections[SM_BLOB_RULES].count &&
	       !is_bundled(policy, rules);
}

/* Would grant, if only its pattern were another; bundles cannot be edited. */
static bool would_grant(const void *context, const struct sm_blob_rule *rule)
{
	const struct sm_deciding *d = context;
	const uint32_t others =
		SM_RULE_DENY | SM_RULE_STDLIB | SM_RULE_NOT_STDLIB;

	return !(rule->flags & others) && (rule->access & d->access) &&
	       (rule->via >> d->request->via & 1) &&
	       !is_bundled(d->policy, rule) &&
	       sm_decide_by(d->policy, rule, d->subject,
			    d->request->via != SM_VIA_DIRECT ||
				    d->request->access == SM_ACCESS_LOAD);
}

/* Programs and libraries share their directories with all others. */
static uint32_t find_neighbour(const struct sm_deciding *d)
{
	const uint32_t *roots = sm_blob_header(d->policy)->roots;
	enum sm_blob_root root = SM_ROOT_FILES;

	if (d->request->family == SM_FAMILY_NETWORK)
		root = SM_ROOT_UNIX;
	else if (d->request->access == SM_ACCESS_LOAD)
		root = SM_ROOT_LOAD;
	else if (d->request->family != SM_FAMILY_FILES)
		return SM_BLOB_NONE;
	if (!has_own_rules(d->policy))
		return SM_BLOB_NONE;
	return sm_decide_neighbour(d->policy, roots[root], d->request->value,
				   would_grant, d);
}

static enum sm_reason reason_of(const struct sm_deciding *d, uint32_t *rule)
{
	*rule = d->nearest;
	if (d->granted) {
		*rule = d->granting;
		return SM_REASON_ACCESS;
	}
	switch (d->nearness) {
	case NEAR_ACCESS:
		return SM_REASON_ACCESS;
	case NEAR_ARGUMENTS:
		return SM_REASON_ARGUMENTS;
	case NEAR_PRINCIPAL:
		return SM_REASON_PRINCIPAL;
	case NEAR_VIA:
		return SM_REASON_VIA;
	case NEAR_ADDRESS:
		return SM_REASON_ADDRESS;
	case NEAR_ANYWHERE:
	case NEAR_NOTHING:
		break;
	}
	*rule = find_neighbour(d);
	if (*rule != SM_BLOB_NONE || d->nearness == NEAR_NOTHING)
		return SM_REASON_NO_RULE;
	*rule = d->nearest;
	return SM_REASON_VIA;
}

static void conclude(const struct sm_deciding *d, struct sm_verdict *v)
{
	const struct sm_request *r = d->request;
	uint32_t rule;
	enum sm_reason reason;

	if (d->denying != SM_BLOB_NONE) {
		deny(d, SM_REASON_DENY_RULE, d->denying, v);
		return;
	}
	if (r->cut) {
		deny(d, SM_REASON_CUT, SM_BLOB_NONE, v);
		return;
	}
	if (is_executable_kind(r)) {
		rule = find_file_rule(d->policy, r->value, lets_write);
		if (rule != SM_BLOB_NONE) {
			deny(d, SM_REASON_WRITTEN, rule, v);
			return;
		}
	}
	if (r->is_free)
		return;
	if (!d->has_overflown && !(r->access & ~d->granted)) {
		v->decision = SM_ALLOWED;
		set_rule(d, d->granting, v);
		return;
	}
	reason = reason_of(d, &rule);
	deny(d, reason, rule, v);
}

static void verdict_init(struct sm_verdict *v)
{
	memset(v, 0, sizeof(*v));
	v->decision = SM_UNDECIDED;
	v->rule_index = SM_BLOB_NONE;
}

/*
 * Code that the standard library generates and runs belongs to the module
 * that does it, whoever called that module.
 */
static void narrow_subject(const struct sm_policy *policy,
			   const struct sm_event *event,
			   struct sm_subject *subject)
{
	struct sm_str module = sm_decide_module(policy, event->site.file);

	if (!module.len)
		return;
	subject->is_narrowed = subject->kind != SM_PRINCIPAL_PYTHON;
	subject->kind = SM_PRINCIPAL_PYTHON;
	subject->name = module;
	subject->owner = (struct sm_str){ NULL, 0 };
}

static void decide_request(const struct sm_policy *policy,
			   const struct sm_event *event,
			   const struct sm_request *request,
			   const struct sm_subject *asking,
			   struct sm_verdict *v)
{
	struct sm_subject subject = *asking;
	struct sm_deciding d = {
		.policy = policy,
		.event = event,
		.request = request,
		.subject = &subject,
		.access = request->access,
		.granting = SM_BLOB_NONE,
		.denying = SM_BLOB_NONE,
		.stdlib = SM_BLOB_NONE,
		.nearest = SM_BLOB_NONE,
	};

	verdict_init(v);
	v->family = request->family;
	if (mode_of(policy, event, request->family) == SM_MODE_OFF)
		return;
	if (request->access == SM_ACCESS_RUN)
		narrow_subject(policy, event, &subject);
	sm_decide_look_up(&d);
	if (request->access == SM_ACCESS_LOAD)
		consider_file_denials(&d);
	conclude(&d, v);
}

/* Lines of a file in a report tell nothing to who may read it as data. */
static void decide_report(const struct sm_policy *policy,
			  const struct sm_event *event,
			  const struct sm_request *report,
			  const struct sm_subject *subject,
			  struct sm_verdict *v)
{
	struct sm_request data = *report;
	struct sm_verdict as_data;

	if (report->access != SM_ACCESS_LOAD ||
	    report->via != SM_VIA_TRACEBACK || v->decision < SM_WARNED ||
	    v->reason == SM_REASON_DENY_RULE)
		return;
	data.family = SM_FAMILY_FILES;
	data.access = SM_ACCESS_READ;
	data.via = SM_VIA_DIRECT;
	decide_request(policy, event, &data, subject, &as_data);
	if (as_data.decision == SM_ALLOWED)
		*v = as_data;
}

/*
 * An event that asks for nothing of its own (composites), or for something in
 * another family, is still subject to rules that name it.
 */
static void decide_by_name(const struct sm_policy *policy,
			   const struct sm_event *event,
			   const struct sm_subject *subject,
			   struct sm_verdict *v)
{
	struct sm_request request = {
		.family = SM_FAMILY_EVENTS,
		.access = SM_ACCESS_RAISE,
		.via = event->site.via,
		.value = event->site.event,
		.port = -1,
		.args = event->args,
		.argc = event->argc,
	};

	decide_request(policy, event, &request, subject, v);
	if (v->decision == SM_ALLOWED || v->reason == SM_REASON_DENY_RULE)
		return;
	/* Named by a rule, but not with these arguments. */
	if (v->rule_index == SM_BLOB_NONE ||
	    sm_event_class(event->site.kind) != SM_CLASS_COMPOSITE)
		verdict_init(v);
}

/* Of denials, a rule that denies says more than one that is not there. */
static void keep_worse(struct sm_verdict *worst, const struct sm_verdict *v)
{
	bool says_more = v->decision == worst->decision &&
			 v->reason == SM_REASON_DENY_RULE &&
			 worst->reason != SM_REASON_DENY_RULE;

	if (v->decision > worst->decision || says_more)
		*worst = *v;
}

static void decide(const struct sm_policy *policy, const struct sm_event *event,
		   const struct sm_subject *subject,
		   const struct sm_request *requests, unsigned count,
		   struct sm_verdict *verdict)
{
	struct sm_verdict v;
	bool has_named = false;

	for (unsigned i = 0; i < count; i++) {
		decide_request(policy, event, &requests[i], subject, &v);
		decide_report(policy, event, &requests[i], subject, &v);
		v.request = i;
		has_named |= requests[i].family == SM_FAMILY_EVENTS;
		keep_worse(verdict, &v);
	}
	/* The agent only counts noise: a rule would hold in replay alone. */
	if (has_named || !sm_blob_header(policy)->has_event_rules ||
	    sm_event_class(event->site.kind) == SM_CLASS_NOISE)
		return;
	decide_by_name(policy, event, subject, &v);
	keep_worse(verdict, &v);
}

__attribute__((noinline)) static void
decide_requests(const struct sm_policy *policy, const struct sm_event *event,
		const struct sm_subject *subject, struct sm_verdict *verdict)
{
	struct sm_request_scratch scratch;
	struct sm_request requests[SM_REQUESTS_MAX];
	unsigned count = sm_event_requests(event, &scratch, requests);

	verdict_init(verdict);
	decide(policy, event, subject, requests, count, verdict);
}

void sm_policy_decide_for(const struct sm_policy *policy,
			  const struct sm_event *event,
			  const struct sm_subject *subject,
			  struct sm_verdict *verdict)
{
	struct sm_allowance by = { NULL, 0, 0 };
	struct sm_str path;
	uint32_t access;

	if (sm_event_file(event, &path, &access))
		by = sm_policy_allows_file(policy, subject, path, access);
	if (!by.rule) {
		decide_requests(policy, event, subject, verdict);
		return;
	}
	verdict_init(verdict);
	verdict->decision = SM_ALLOWED;
	verdict->family = SM_FAMILY_FILES;
	verdict->rule_index = by.rule_index;
	verdict->rule = (struct sm_str){ by.rule, by.rule_length };
}

void sm_policy_decide(const struct sm_policy *policy,
		      const struct sm_event *event, struct sm_verdict *verdict)
{
	struct sm_subject subject;

	sm_policy_subject(policy, &event->site.principal, &subject);
	sm_policy_decide_for(policy, event, &subject, verdict);
}

void sm_policy_decide_request(const struct sm_policy *policy,
			      const struct sm_event *event, unsigned request,
			      struct sm_verdict *verdict)
{
	struct sm_request_scratch scratch;
	struct sm_request requests[SM_REQUESTS_MAX];
	struct sm_subject subject;
	unsigned count = sm_event_requests(event, &scratch, requests);

	verdict_init(verdict);
	if (request >= count)
		return;
	sm_policy_subject(policy, &event->site.principal, &subject);
	decide_request(policy, event, &requests[request], &subject, verdict);
	verdict->request = request;
}

static bool sees_arguments(const struct sm_blob_rule *rule)
{
	return rule->family == SM_FAMILY_EVENTS &&
	       !(rule->flags & SM_RULE_ANY_ARGS);
}

bool sm_policy_sees_details(const struct sm_policy *policy, struct sm_str event)
{
	const struct sm_blob_header *h = sm_blob_header(policy);
	const struct sm_blob_node *nodes =
		sm_blob_section(policy, SM_BLOB_NODES);
	const uint32_t *index = sm_blob_section(policy, SM_BLOB_INDEX);
	struct sm_match_set set;
	uint32_t i, j;

	sm_match_key(policy, h->roots[SM_ROOT_EVENT], event, &set);
	for (i = 0; i < set.count; i++) {
		struct sm_blob_span rules = nodes[set.nodes[i]].rules;

		for (j = 0; j < rules.count; j++)
			if (sees_arguments(sm_decide_rule(
				    policy, index[rules.first + j])))
				return true;
	}
	return set.has_overflown;
}

bool sm_policy_has_details(const struct sm_policy *policy)
{
	uint32_t i,
		count = sm_blob_header(policy)->sections[SM_BLOB_RULES].count;

	for (i = 0; i < count; i++)
		if (sees_arguments(sm_decide_rule(policy, i)))
			return true;
	return false;
}

bool sm_policy_has_named(const struct sm_policy *policy)
{
	return sm_blob_header(policy)->has_told_rules;
}

bool sm_decide_is_code(const struct sm_policy *policy, struct sm_str path)
{
	return sm_decide_is_granted(policy, SM_ROOT_LOAD, path);
}
