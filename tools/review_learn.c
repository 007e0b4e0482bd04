/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/review_learn.h"

#include <stdlib.h>

#include "learner/learner.h"
#include "tools/learn_input.h"

/* ---------------------------------------------------------------- denials */

static enum sm_status add_process(struct sm_observations *observations,
				  const struct sm_trace *trace, uint32_t number,
				  uint64_t run, uint32_t *owner)
{
	const struct sm_trace_process_info *p = sm_trace_process(trace, number);

	return p ? sm_observations_add_process(observations, run, &p->start,
					       &p->interpreter, owner)
		 : SM_DAMAGED;
}

/* Learning skips what was stopped; here somebody will look at it. */
static enum sm_status add_denials(struct sm_observations *observations,
				  struct sm_trace *trace, uint64_t run,
				  struct sm_diag *diag)
{
	const struct sm_trace_query query = { .denied_only = true };
	struct sm_trace_cursor *cursor;
	const struct sm_event *event;
	enum sm_status status = sm_trace_events(trace, &query, &cursor, diag);
	uint32_t owner, site;

	if (status)
		return status;
	while ((status = sm_trace_next(cursor, &event, &site, diag)) !=
	       SM_END) {
		struct sm_event copy;

		if (status == SM_DAMAGED)
			continue; /* the pass for evidence tells */
		if (status)
			break;
		copy = *event;
		if (copy.verdict.decision != SM_DENIED)
			continue;
		copy.verdict.decision = SM_UNDECIDED;
		status = add_process(observations, trace, copy.process, run,
				     &owner);
		if (!status)
			status =
				sm_observations_add(observations, owner, &copy);
		if (status)
			break;
	}
	sm_trace_cursor_free(cursor);
	return status == SM_END ? SM_OK : status;
}

static bool read_denials(struct sm_observations *observations, char **traces,
			 size_t count)
{
	struct sm_diag diag = { 0 };
	struct sm_trace *trace;
	enum sm_status status;
	size_t i;

	for (i = 0; i < count; i++) {
		status = sm_trace_open(traces[i], &trace, &diag);
		if (!status) {
			status = add_denials(observations, trace, i + 1, &diag);
			sm_trace_close(trace);
		}
		if (!status)
			continue;
		if (status == SM_NOMEM)
			sm_fail(&diag, SM_NOMEM, "out of memory");
		sm_cli_diag(&sm_policy_program, traces[i], &diag);
		return false;
	}
	return true;
}

/* -------------------------------------------------------------- proposals */

/* The learner asks for a value of every variable. */
static struct sm_rules *bound(const struct sm_policy_options *o,
			      const struct sm_rules *policy)
{
	struct sm_rules *rules = sm_rules_new();
	struct sm_settled settled;
	bool is_good = rules != NULL;
	size_t i;

	sm_policy_settle(o, policy, NULL, &settled);
	for (i = 0; is_good && i < policy->use.count; i++)
		is_good = !sm_strings_add(rules, &rules->use,
					  policy->use.items[i]);
	for (i = 0; is_good && i < policy->variable_count; i++)
		is_good = !sm_rules_set_variable(
			rules, policy->variables[i].name,
			policy->variables[i].values.items,
			policy->variables[i].values.count);
	for (i = 0; is_good && i < settled.count; i++) {
		struct sm_str value = sm_str_of(settled.items[i].value);

		value.len = (uint32_t)strcspn(value.p, ":");
		is_good = !sm_rules_set_variable(
			rules, sm_str_of(settled.items[i].name), &value, 1);
	}
	for (i = 0; is_good && i < policy->count; i++)
		is_good = !sm_rules_add(rules, &policy->rules[i]);
	if (is_good)
		return rules;
	sm_rules_free(rules);
	return NULL;
}

static bool has_rule(const struct sm_rules *rules, struct sm_str id)
{
	size_t i;

	for (i = 0; i < rules->count; i++)
		if (sm_str_equal(rules->rules[i].id, id))
			return true;
	return false;
}

static bool has_variable(const struct sm_rules *rules, struct sm_str name)
{
	size_t i;

	for (i = 0; i < rules->variable_count; i++)
		if (sm_str_equal(rules->variables[i].name, name))
			return true;
	return false;
}

static bool copy_proposals(const struct sm_rules *policy,
			   const struct sm_rules *bound,
			   const struct sm_rules *learned, struct sm_rules *out)
{
	bool is_good = true;
	size_t i;

	for (i = 0; is_good && i < learned->variable_count; i++) {
		const struct sm_variable *v = &learned->variables[i];

		if (!has_variable(bound, v->name))
			is_good = !sm_rules_set_variable(
				out, v->name, v->values.items, v->values.count);
	}
	for (i = 0; is_good && i < learned->count; i++) {
		struct sm_rule rule = learned->rules[i];

		rule.line = rule.column = 0;
		if (!has_rule(policy, rule.id))
			is_good = !sm_rules_add(out, &rule);
	}
	for (i = 0; is_good && i < learned->use.count; i++)
		if (!sm_strings_have(&policy->use, learned->use.items[i]))
			is_good = !sm_strings_add(out, &out->use,
						  learned->use.items[i]);
	return is_good;
}

static struct sm_rules *learn(const struct sm_observations *observations,
			      const struct sm_rules *policy,
			      const struct sm_rules *base)
{
	const struct sm_learn_options options = { .base = base };
	struct sm_rules *out = sm_rules_new();
	struct sm_learned learned;
	struct sm_diag diag = { 0 };
	enum sm_status status =
		sm_learn(observations, &options, &learned, &diag);

	if (status == SM_OK && out &&
	    !copy_proposals(policy, base, learned.rules, out))
		status = SM_NOMEM;
	sm_learned_fini(&learned);
	/* SM_INVALID: there was nothing in them to learn from. */
	if (out && (status == SM_OK || status == SM_INVALID))
		return out;
	sm_rules_free(out);
	sm_cli_error(&sm_policy_program, NULL, "cannot learn: %s",
		     status == SM_NOMEM || !out ? "out of memory" : diag.text);
	return NULL;
}

struct sm_rules *sm_review_propose(const struct sm_policy_options *o,
				   const struct sm_rules *policy, char **traces,
				   size_t trace_count)
{
	const struct sm_learn_input input = { .since = NULL };
	struct sm_observations *observations;
	struct sm_rules *base, *out = NULL;

	if (!trace_count)
		return sm_rules_new();
	observations = sm_observations_new();
	base = bound(o, policy);
	if (!observations || !base)
		sm_cli_error(&sm_policy_program, NULL, "out of memory");
	else if (!sm_learn_input_read(&sm_policy_program, &input,
				      (int)trace_count, traces, observations) &&
		 read_denials(observations, traces, trace_count))
		out = learn(observations, policy, base);
	sm_rules_free(base);
	sm_observations_free(observations);
	return out;
}
