/* SPDX-License-Identifier: Apache-2.0 */
/*
 * policy_explain.c: what a policy decides about an event, and by which rule.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#include "tools/cli_progress.h"
#include "tools/key_table.h"
#include "tools/policy_tool.h"

#define TEXT_MAX 8192

/* One policy, and the rules it was compiled from in the same order. */
struct explainer {
	const struct sm_policy_options *o;
	struct sm_compiled compiled;
	struct sm_rules *all;
	const char *trace; /* NULL: events of sentences */
	bool names_trace;  /* there are several */
};

static bool is_denial(const struct sm_verdict *v)
{
	return v->decision == SM_DENIED || v->decision == SM_WARNED;
}

/* ---------------------------------------------------------------- printing */

static const struct sm_rule *rule_of(const struct explainer *e,
				     const struct sm_verdict *v)
{
	return v->rule.len && v->rule_index < e->all->count
		       ? &e->all->rules[v->rule_index]
		       : NULL;
}

static void put_lacks(struct sm_json *j, uint32_t lacking)
{
	int i;

	sm_json_open(j, "lacks", '[');
	for (i = 0; i < SM_ACCESSES; i++)
		if (lacking >> i & 1)
			sm_json_put_text(
				j, NULL,
				sm_access_name((enum sm_access)(1u << i)));
	sm_json_close(j, ']');
}

static void print_json(const struct explainer *e, const struct sm_event *event,
		       const struct sm_verdict *v, const char *text)
{
	struct sm_json j = { .out = stdout };
	const struct sm_rule *rule = rule_of(e, v);

	sm_json_open(&j, NULL, '{');
	sm_json_put_text(&j, "decision", sm_decision_name(v->decision));
	sm_json_put_text(&j, "reason", sm_reason_name(v->reason));
	sm_json_put_text(&j, "family", sm_family_name(v->family));
	sm_json_put_str(&j, "rule", v->rule);
	sm_json_put_uint(&j, "line", rule ? rule->line : 0);
	put_lacks(&j, is_denial(v) ? v->lacking : 0);
	sm_json_put_str(&j, "event", event->site.event);
	sm_json_put_text(&j, "text", text);
	if (e->trace) {
		sm_json_put_text(&j, "trace", e->trace);
		sm_json_put_uint(&j, "process", event->process);
		sm_json_put_uint(&j, "seq", event->seq);
	}
	sm_json_close(&j, '}');
}

static void print_line(const struct explainer *e, const struct sm_event *event,
		       const struct sm_verdict *v, const char *text)
{
	printf("%-9s ", sm_decision_name(v->decision));
	sm_cli_put(stdout, sm_str_of(text), false);
	if (e->trace && e->names_trace) {
		fputs(" (", stdout);
		sm_cli_put(stdout, sm_str_of(e->trace), false);
		printf(" event %" PRIu32 ":%" PRIu64 ")", event->process,
		       event->seq);
	} else if (e->trace) {
		printf(" (event %" PRIu32 ":%" PRIu64 ")", event->process,
		       event->seq);
	}
	putchar('\n');
}

static void print_verdict(const struct explainer *e,
			  const struct sm_event *event,
			  const struct sm_verdict *v)
{
	char text[TEXT_MAX];

	sm_verdict_explain(event, v, text, sizeof(text));
	(e->o->is_json ? print_json : print_line)(e, event, v, text);
}

/* A rule without `by` is not for it, either: nobody would look for that. */
static void print_foreign(const struct explainer *e,
			  const struct sm_event *event,
			  const struct sm_verdict *v)
{
	const struct sm_principal *who = &event->site.principal;

	if (!is_denial(v) || who->kind == SM_PRINCIPAL_FOREIGN ||
	    sm_policy_principal(&e->compiled.policy, who) !=
		    SM_PRINCIPAL_FOREIGN)
		return;
	printf("%9s %s is foreign here: no load rule covers its code\n", "",
	       sm_principal_kind_name(who->kind));
}

/* What stands behind an answer to one question: the rule and the code. */
static void print_details(const struct explainer *e,
			  const struct sm_event *event,
			  const struct sm_verdict *v)
{
	const struct sm_rule *rule = rule_of(e, v);
	const struct sm_site *site = &event->site;
	char *text = NULL;

	if (e->o->is_json)
		return;
	if (rule && !sm_policy_print_rule(rule, &text)) {
		printf("%9s rule ", "");
		if (rule->bundle.len) {
			fputs("of bundle ", stdout);
			sm_cli_put(stdout, rule->bundle, false);
		} else {
			printf("on line %u", rule->line);
		}
		printf(": %s\n", text);
	}
	free(text);
	print_foreign(e, event, v);
	if (!e->trace || !site->file.len)
		return;
	printf("%9s raised by ", "");
	sm_cli_put(stdout, site->file, false);
	printf(":%" PRIu32, site->line);
	if (site->function.len) {
		fputs(" in ", stdout);
		sm_cli_put(stdout, site->function, false);
	}
	putchar('\n');
}

/* --------------------------------------------------------------- sentences */

static int explain_sentence(const struct explainer *e, const char *sentence)
{
	char *copy = strdup(sentence);
	struct sm_verdict v;
	struct sm_spoken s;
	struct sm_diag diag;

	if (!copy)
		return SM_EXIT_USAGE;
	if (sm_sentence_parse(&e->compiled, copy, &s, &diag)) {
		sm_cli_error(&sm_policy_program, sentence, "%s", diag.text);
		free(copy);
		return SM_EXIT_USAGE;
	}
	/* Policies know no working directory. */
	if (s.is_relative) {
		sm_cli_error(&sm_policy_program, sentence,
			     "no path from / on; give all of it, with the "
			     "values of variables");
		free(copy);
		return SM_EXIT_USAGE;
	}
	sm_policy_decide(&e->compiled.policy, &s.event, &v);
	print_verdict(e, &s.event, &v);
	print_details(e, &s.event, &v);
	free(copy);
	return is_denial(&v) ? SM_EXIT_FINDING : SM_EXIT_OK;
}

/* ------------------------------------------------------------------ numbers */

#define NUMBERS_MAX 64

/* "SEQ" as in a denial's message, or "PROCESS:SEQ"; process 0: any. */
struct number {
	const char *text;
	uint64_t process, seq;
	bool is_found;
};

struct asked {
	struct number numbers[NUMBERS_MAX];
	size_t count;
};

static bool parse_number(const char *text, struct number *n)
{
	char *end;

	if (*text < '0' || *text > '9')
		return false;
	*n = (struct number){ .text = text };
	n->seq = strtoull(text, &end, 10);
	if (*end == ':') {
		n->process = n->seq;
		n->seq = strtoull(end + 1, &end, 10);
		if (!n->process)
			return false;
	}
	return !*end && n->seq;
}

/* A process goes by its number in the trace, or by its pid. */
static bool is_process(const struct sm_trace *trace, uint64_t asked,
		       uint32_t process)
{
	const struct sm_trace_process_info *info =
		sm_trace_process(trace, process);

	if (!asked || asked == process)
		return true;
	return asked > sm_trace_process_count(trace) && info &&
	       info->start.pid == asked;
}

static bool is_asked(struct asked *a, const struct sm_trace *trace,
		     const struct sm_event *event)
{
	bool is_one = false;
	size_t i;

	for (i = 0; i < a->count; i++) {
		struct number *n = &a->numbers[i];

		if (n->seq != event->seq ||
		    !is_process(trace, n->process, event->process))
			continue;
		n->is_found = is_one = true;
	}
	return is_one;
}

/* ------------------------------------------------------------------- traces */

static uint64_t hash_verdict(const struct sm_event *event,
			     const struct sm_verdict *v)
{
	char text[TEXT_MAX];

	sm_verdict_explain(event, v, text, sizeof(text));
	return sm_key_hash(SM_KEY_SEED, text, strlen(text));
}

/* All that was asked for; else denials, each once. */
static bool is_told(const struct explainer *e, const struct sm_trace *trace,
		    struct asked *asked, struct sm_key_table *told,
		    const struct sm_event *event, const struct sm_verdict *v)
{
	if (asked->count)
		return is_asked(asked, trace, event);
	if (!is_denial(v) && !(e->o->shows_all && v->decision == SM_ALLOWED))
		return false;
	/* Each verdict is told once. */
	return sm_key_table_add(told, hash_verdict(event, v));
}

static int explain_events(const struct explainer *e, struct sm_trace *trace,
			  struct asked *asked, struct sm_key_table *told)
{
	struct sm_trace_cursor *cursor;
	const struct sm_event *event;
	struct sm_diag diag = { 0 };
	struct sm_verdict v;
	enum sm_status status;
	uint32_t site;
	int result = SM_EXIT_OK;
	bool is_new;

	if (sm_trace_events(trace, NULL, &cursor, &diag)) {
		sm_cli_diag(&sm_policy_program, e->trace, &diag);
		return SM_EXIT_USAGE;
	}
	while ((status = sm_trace_next(cursor, &event, &site, &diag)) !=
	       SM_END) {
		if (status) {
			sm_cli_diag(&sm_policy_program, e->trace, &diag);
			result = SM_EXIT_USAGE;
			if (status != SM_DAMAGED)
				break;
			continue;
		}
		sm_policy_decide(&e->compiled.policy, event, &v);
		is_new = is_told(e, trace, asked, told, event, &v);
		if (is_new)
			print_verdict(e, event, &v);
		if (is_new && asked->count)
			print_details(e, event, &v);
		if (!result && is_denial(&v) && (is_new || !asked->count))
			result = SM_EXIT_FINDING;
	}
	sm_trace_cursor_free(cursor);
	return result;
}

/* -------------------------------------------------------------------- main */

static bool explainer_init(struct explainer *e,
			   const struct sm_policy_options *o,
			   const char *policy, const struct sm_trace *trace)
{
	struct sm_diag diag = { 0 };

	e->o = o;
	if (!sm_compiled_init(o, policy, trace, &e->compiled))
		return false;
	if (sm_policy_knows_defined(o, &e->compiled, 1)) {
		if (!sm_policy_expand(e->compiled.rules, &e->all, &diag))
			return true;
		sm_cli_diag(&sm_policy_program, policy, &diag);
	}
	sm_compiled_fini(&e->compiled);
	return false;
}

static void explainer_fini(struct explainer *e)
{
	sm_rules_free(e->all);
	sm_compiled_fini(&e->compiled);
}

static int explain_trace(const struct sm_policy_options *o, const char *policy,
			 const char *path, bool names_trace,
			 struct asked *asked, struct sm_key_table *told)
{
	struct explainer e = { .trace = path, .names_trace = names_trace };
	struct sm_trace *trace;
	struct sm_diag diag = { 0 };
	int result = SM_EXIT_USAGE;

	if (sm_trace_open(path, &trace, &diag)) {
		sm_cli_diag(&sm_policy_program, path, &diag);
		return result;
	}
	if (explainer_init(&e, o, policy, trace)) {
		result = explain_events(&e, trace, asked, told);
		explainer_fini(&e);
	}
	sm_trace_close(trace);
	return result;
}

static int explain_traces(const struct sm_policy_options *o, const char *policy,
			  int count, char **paths, struct asked *asked)
{
	struct sm_key_table told = { 0 };
	int i, status = SM_EXIT_OK, one;
	size_t n;

	/* Verdicts on the terminal show themselves how far it is. */
	if (!isatty(STDOUT_FILENO))
		sm_cli_progress(&sm_policy_program);
	for (i = 0; i < count; i++) {
		one = explain_trace(o, policy, paths[i], count > 1, asked,
				    &told);
		status = one > status ? one : status;
	}
	for (n = 0; n < asked->count && status != SM_EXIT_USAGE; n++) {
		if (asked->numbers[n].is_found)
			continue;
		sm_cli_error(&sm_policy_program, paths[0],
			     "no event %s%s; events are numbered by process, "
			     "as secmgr-events --json tells",
			     asked->numbers[n].text,
			     count > 1 ? " here and in the other traces" : "");
		status = SM_EXIT_USAGE;
	}
	sm_key_table_fini(&told);
	return status;
}

static int explain_sentences(const struct sm_policy_options *o,
			     const char *policy, int argc, char **argv)
{
	struct explainer e = { 0 };
	int i, status = SM_EXIT_OK, one;

	if (!explainer_init(&e, o, policy, NULL))
		return SM_EXIT_USAGE;
	for (i = 0; i < argc; i++) {
		one = explain_sentence(&e, argv[i]);
		status = one > status ? one : status;
	}
	explainer_fini(&e);
	return status;
}

/* Numbers go behind the traces, in any order: a file of that name is one. */
static int sort_operands(int argc, char **argv, struct asked *asked)
{
	int i, traces = 0;

	for (i = 0; i < argc; i++) {
		if (access(argv[i], F_OK) && asked->count < NUMBERS_MAX &&
		    parse_number(argv[i], &asked->numbers[asked->count]))
			asked->count++;
		else
			argv[traces++] = argv[i];
	}
	return traces;
}

int sm_policy_explain(const struct sm_policy_options *o, int argc, char **argv)
{
	struct asked asked = { .count = 0 };
	int traces;

	if (argc < 2) {
		sm_cli_error(&sm_policy_program, NULL,
			     "explain needs an event or a trace");
		return SM_EXIT_USAGE;
	}
	/* A file of that name, or one word: a trace. */
	if (strchr(argv[1], ' ') && access(argv[1], F_OK))
		return explain_sentences(o, argv[0], argc - 1, argv + 1);
	if (sm_sentence_is_access(argv[1]) && access(argv[1], F_OK)) {
		sm_cli_error(&sm_policy_program, argv[1],
			     "no trace; an event is one argument, in quotes: "
			     "\"ACCESS WHAT [by WHO] [via HOW]\"");
		return SM_EXIT_USAGE;
	}
	traces = sort_operands(argc - 1, argv + 1, &asked);
	if (!traces) {
		sm_cli_error(&sm_policy_program, argv[1],
			     "an event of which trace?");
		return SM_EXIT_USAGE;
	}
	return explain_traces(o, argv[0], traces, argv + 1, &asked);
}
