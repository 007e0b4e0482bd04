/* SPDX-License-Identifier: Apache-2.0 */
/*
 * review_evidence.c: a pass over recordings that credits rules with events.
 */
#include "tools/review_evidence.h"

#include <stdlib.h>

#include "tools/cli_clock.h"
#include "tools/key_table.h"

/* What an evidence keeps out of sight. */
struct keep {
	struct sm_rules *texts;	    /* owns them */
	struct sm_key_table values; /* all, by hash: number, or SIZE */
	struct sm_key_table processes;
	unsigned trace; /* last one that was counted, from 1 */
};

/* One rule as a policy of its own. */
struct alone {
	struct sm_policy policy;
	void *blob;
	const struct sm_rule *rule;
};

/* One rule credited by one event; those of an event stand together. */
struct credit {
	uint32_t rule, value; /* value: number + 1; 0: not kept */
	bool is_last;
};

struct pass {
	struct alone *alone;
	size_t count;
	struct sm_evidence *found;
	/* Of the trace that is read. */
	const char *path;
	unsigned trace; /* its number, from 1 */
	struct sm_clock clock;
	struct sm_key_table memo; /* event key: first credit + 2; 1: none */
	struct credit *credits;
	size_t credit_count, credit_room;
	bool has_failed; /* out of memory */
};

/* ----------------------------------------------------------- single rules */

static bool is_load(const struct sm_rule *rule)
{
	return rule->family == SM_FAMILY_CODE &&
	       rule->access == SM_ACCESS_LOAD && !rule->deny;
}

static enum sm_status copy_variables(struct sm_rules *to,
				     const struct sm_rules *from)
{
	enum sm_status status = SM_OK;
	size_t i;

	for (i = 0; !status && i < from->variable_count; i++)
		status = sm_rules_set_variable(to, from->variables[i].name,
					       from->variables[i].values.items,
					       from->variables[i].values.count);
	return status;
}

/* The rule is number 0; a mark of "block" lets every family be asked. */
static enum sm_status isolate(const struct sm_rules *policy,
			      const struct sm_rule *rule, struct sm_rules *out)
{
	struct sm_rule copy = *rule;
	enum sm_status status = copy_variables(out, policy);
	size_t i;
	int f;

	copy.deny = false;
	if (!status)
		status = sm_rules_add(out, &copy);
	for (i = 0; !status && i < policy->count; i++)
		if (is_load(&policy->rules[i]) &&
		    !sm_str_equal(policy->rules[i].id, rule->id))
			status = sm_rules_add(out, &policy->rules[i]);
	for (f = 0; f < SM_FAMILIES; f++)
		out->modes[f] = SM_MODE_BLOCK;
	return status;
}

static enum sm_status open_alone(const struct sm_policy_options *o,
				 const struct sm_rules *policy,
				 const struct sm_trace *trace, struct alone *a,
				 struct sm_diag *diag)
{
	struct sm_rules *rules = sm_rules_new();
	struct sm_settled settled;
	enum sm_status status =
		rules ? isolate(policy, a->rule, rules) : SM_NOMEM;
	size_t bytes;

	a->blob = NULL;
	if (status == SM_NOMEM)
		sm_fail(diag, SM_NOMEM, "out of memory");
	if (!status) {
		sm_policy_settle(o, rules, trace, &settled);
		status = sm_policy_compile(rules, settled.items, settled.count,
					   &a->blob, &bytes, diag);
	}
	if (!status)
		status = sm_policy_open(&a->policy, a->blob, bytes, diag);
	sm_rules_free(rules);
	return status;
}

static void close_all(struct pass *p)
{
	size_t i;

	for (i = 0; i < p->count; i++) {
		free(p->alone[i].blob);
		p->alone[i].blob = NULL;
	}
	sm_key_table_fini(&p->memo);
	p->credit_count = 0;
}

/* ------------------------------------------------------------------- values */

static struct sm_str keep_text(struct pass *p, struct sm_evidence *e,
			       struct sm_str text)
{
	struct keep *keep = e->keep;
	struct sm_str kept = sm_rules_keep(keep->texts, text);

	p->has_failed |= !kept.p;
	return kept;
}

static void keep_args(struct pass *p, struct sm_evidence *e,
		      const struct sm_request *r, struct sm_seen_value *v)
{
	struct keep *keep = e->keep;
	uint32_t i;

	v->has_args =
		r->access == SM_ACCESS_EXEC && r->family == SM_FAMILY_PROCESSES;
	for (i = 0; v->has_args && i < r->argc; i++) {
		v->has_args = r->args[i].type == SM_TEXT &&
			      r->args[i].len == r->args[i].full_len;
		if (v->has_args &&
		    sm_strings_add(
			    keep->texts, &v->args,
			    (struct sm_str){ r->args[i].s, r->args[i].len }))
			p->has_failed = true;
	}
}

static uint64_t hash_request(const struct sm_request *r)
{
	uint64_t hash = sm_key_hash(SM_KEY_SEED, r->value.p, r->value.len);
	uint32_t i;

	if (r->access != SM_ACCESS_EXEC)
		return hash;
	for (i = 0; i < r->argc; i++)
		if (r->args[i].type == SM_TEXT)
			hash = sm_key_hash(sm_key_hash(hash, "", 1),
					   r->args[i].s, r->args[i].len);
	return hash;
}

/* Its number + 1; 0 when there are too many. */
static uint32_t find_value(struct pass *p, struct sm_evidence *e,
			   const struct sm_request *r)
{
	struct keep *keep = e->keep;
	uint32_t *number = sm_key_table_at(&keep->values, hash_request(r));
	struct sm_seen_value *v;

	if (!number) {
		p->has_failed = true;
		return 0;
	}
	if (!*number) {
		*number = SM_SEEN_MAX + 1;
		e->distinct++;
		if (e->value_count < SM_SEEN_MAX) {
			v = &e->values[e->value_count++];
			v->text = keep_text(p, e, r->value);
			keep_args(p, e, r, v);
			*number = (uint32_t)e->value_count;
		}
	}
	return *number > SM_SEEN_MAX ? 0 : *number;
}

static void add_by(struct pass *p, struct sm_evidence *e,
		   const struct sm_event *event)
{
	struct sm_str name = event->site.principal.name;
	size_t i;

	for (i = 0; i < e->by_count; i++)
		if (sm_str_equal(e->by[i], name))
			return;
	if (e->by_count == SM_BY_MAX)
		e->by_is_cut = true;
	else
		e->by[e->by_count++] = keep_text(p, e, name);
}

static void keep_first(struct pass *p, struct sm_evidence *e,
		       const struct sm_event *event)
{
	if (e->trace.p)
		return;
	e->trace = keep_text(p, e, sm_str_of(p->path));
	e->file = keep_text(p, e, event->site.file);
	e->function = keep_text(p, e, event->site.function);
	e->line = event->site.line;
	e->process = event->process;
	e->seq = event->seq;
}

/* ------------------------------------------------------------------ credits */

static void add_credit(struct pass *p, uint32_t rule, uint32_t value)
{
	size_t room = p->credit_room ? 2 * p->credit_room : 256;
	struct credit *credits = p->credits;

	if (p->credit_count == p->credit_room) {
		credits = realloc(credits, room * sizeof(*credits));
		if (!credits) {
			p->has_failed = true;
			return;
		}
		p->credits = credits;
		p->credit_room = room;
	}
	p->credits[p->credit_count++] = (struct credit){ rule, value, false };
}

static void try_rule(struct pass *p, size_t at, const struct sm_event *event,
		     const struct sm_request *requests, unsigned count)
{
	struct sm_evidence *e = &p->found[at];
	const uint32_t access = p->alone[at].rule->access;
	struct sm_verdict v;
	unsigned i;

	for (i = 0; i < count; i++) {
		const struct sm_request *r = &requests[i];
		uint32_t granted;

		if (r->family != p->alone[at].rule->family)
			continue;
		sm_policy_decide_request(&p->alone[at].policy, event, i, &v);
		granted = v.decision == SM_ALLOWED ? r->access
						   : r->access & ~v.lacking;
		/* Load rules beside it are no part of it. */
		if (!granted || (v.decision == SM_ALLOWED && v.rule_index))
			continue;
		e->access |= granted & (access | (access & SM_ACCESS_CREATE
							  ? SM_ACCESS_WRITE
							  : 0));
		add_by(p, e, event);
		keep_first(p, e, event);
		add_credit(p, (uint32_t)at, find_value(p, e, r));
	}
}

/* The credits of an event like this one; SIZE_MAX: none. */
static size_t credits_of(struct pass *p, const struct sm_event *event)
{
	struct sm_request_scratch scratch;
	struct sm_request requests[SM_REQUESTS_MAX];
	unsigned count = sm_event_requests(event, &scratch, requests);
	size_t first = p->credit_count, i;

	for (i = 0; count && i < p->count; i++)
		try_rule(p, i, event, requests, count);
	if (p->credit_count == first)
		return SIZE_MAX;
	p->credits[p->credit_count - 1].is_last = true;
	return first;
}

static void count_time(struct pass *p, struct sm_evidence *e, uint64_t time_ns)
{
	uint64_t ns;

	if (!sm_clock_realtime(&p->clock, time_ns, &ns))
		return;
	if (!e->first_ns || ns < e->first_ns)
		e->first_ns = ns;
	if (ns > e->last_ns)
		e->last_ns = ns;
}

static void count_event(struct pass *p, const struct credit *c,
			const struct sm_trace_brief *brief)
{
	struct sm_evidence *e = &p->found[c->rule];
	struct keep *keep = e->keep;

	e->events++;
	e->denied += brief->decision == SM_DENIED;
	if (c->value) {
		e->values[c->value - 1].count++;
		e->values[c->value - 1].recordings |= (uint64_t)1
						      << ((p->trace - 1) & 63);
	}
	if (keep->trace != p->trace)
		e->recordings++;
	keep->trace = p->trace;
	if (sm_key_table_add(&keep->processes,
			     (uint64_t)p->trace << 32 | brief->process))
		e->processes++;
	count_time(p, e, brief->time_ns);
}

/* Rules of ${ARG} mean other files for a process that was told others. */
static uint64_t key_of(const struct sm_trace *trace,
		       const struct sm_trace_brief *brief)
{
	const struct sm_trace_process_info *process =
		sm_trace_process(trace, brief->process);
	uint64_t key = brief->key;

	for (uint32_t i = 0; process && i < process->start.named->count; i++) {
		struct sm_str path = process->start.named->paths[i];

		key = sm_key_hash(key, path.p, path.len);
	}
	return key;
}

static void count(struct pass *p, const struct sm_trace *trace,
		  struct sm_trace_cursor *cursor,
		  const struct sm_trace_brief *brief)
{
	uint32_t *first = sm_key_table_at(&p->memo, key_of(trace, brief));
	const struct sm_event *event;
	size_t at;

	if (!first) {
		p->has_failed = true;
		return;
	}
	if (!*first) {
		event = sm_trace_event(cursor);
		at = event ? credits_of(p, event) : SIZE_MAX;
		*first = at == SIZE_MAX ? 1 : (uint32_t)at + 2;
	}
	if (*first == 1)
		return;
	for (at = *first - 2; at < p->credit_count; at++) {
		count_event(p, &p->credits[at], brief);
		if (p->credits[at].is_last)
			break;
	}
}

/* ----------------------------------------------------------------- traces */

static enum sm_status read_events(struct pass *p, struct sm_trace *trace,
				  struct sm_diag *diag)
{
	struct sm_trace_cursor *cursor;
	struct sm_trace_brief brief;
	enum sm_status status = sm_trace_events(trace, NULL, &cursor, diag);
	enum sm_status result = SM_OK;

	if (status)
		return status;
	while (!p->has_failed &&
	       (status = sm_trace_skim(cursor, &brief, diag)) != SM_END) {
		if (!status)
			count(p, trace, cursor, &brief);
		else
			result = status;
		if (status && status != SM_DAMAGED)
			break;
	}
	sm_trace_cursor_free(cursor);
	return p->has_failed ? sm_fail(diag, SM_NOMEM, "out of memory")
			     : result;
}

static int read_trace(struct pass *p, const struct sm_policy_options *o,
		      const struct sm_rules *policy, const char *path)
{
	struct sm_diag diag = { 0 };
	struct sm_trace *trace;
	enum sm_status status = sm_trace_open(path, &trace, &diag);
	size_t i;

	if (status) {
		sm_cli_diag(&sm_policy_program, path, &diag);
		return SM_EXIT_USAGE;
	}
	p->path = path;
	p->trace++;
	sm_clock_init(&p->clock, trace);
	for (i = 0; !status && i < p->count; i++)
		status = open_alone(o, policy, trace, &p->alone[i], &diag);
	if (!status)
		status = read_events(p, trace, &diag);
	close_all(p);
	sm_trace_close(trace);
	if (status)
		sm_cli_diag(&sm_policy_program, path, &diag);
	return status ? SM_EXIT_USAGE : SM_EXIT_OK;
}

static bool start(struct sm_evidence *e)
{
	struct keep *keep = calloc(1, sizeof(*keep));

	*e = (struct sm_evidence){ .keep = keep };
	if (keep)
		keep->texts = sm_rules_new();
	return keep && keep->texts;
}

int sm_evidence_read(const struct sm_policy_options *o,
		     const struct sm_rules *policy,
		     const struct sm_rule *const *rules, size_t count,
		     char **traces, size_t trace_count,
		     struct sm_evidence *found)
{
	struct pass p = { .count = count, .found = found };
	int status = SM_EXIT_OK;
	size_t i;

	p.alone = calloc(count + 1, sizeof(*p.alone));
	for (i = 0; i < count; i++) {
		p.has_failed |= !start(&found[i]);
		if (p.alone)
			p.alone[i].rule = rules[i];
	}
	if (!p.alone || p.has_failed) {
		free(p.alone);
		sm_cli_error(&sm_policy_program, NULL, "out of memory");
		return SM_EXIT_USAGE;
	}
	for (i = 0; !status && i < trace_count; i++)
		status = read_trace(&p, o, policy, traces[i]);
	free(p.credits);
	free(p.alone);
	return status;
}

void sm_evidence_free(struct sm_evidence *found, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++) {
		struct keep *keep = found[i].keep;

		if (!keep)
			continue;
		sm_rules_free(keep->texts);
		sm_key_table_fini(&keep->values);
		sm_key_table_fini(&keep->processes);
		free(keep);
	}
}
