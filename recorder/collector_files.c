/* SPDX-License-Identifier: Apache-2.0 */
/*
 * collector_files.c: a recording that goes on in a fresh file. Every file is a
 * trace of its own: processes that live on are told again, and each file holds
 * the account of what it stored, so that the accounts add up over the set.
 */
#include "recorder/collector_internal.h"

#include <stdlib.h>

static enum sm_status put_process(struct sm_collector *collector,
				  struct process *process)
{
	static _Thread_local struct sm_hello hello;
	const struct item *start = process->store.start;
	struct sm_str argv[SM_ITEMS_MAX];
	enum sm_status status;
	unsigned tries = 0;
	struct sm_trace_process row = {
		.pid = process->pid,
		.guest_pid = process->guest_pid,
		.parent_pid = process->parent_pid,
		.uid = process->uid,
		.start_ns = process->start_ns,
		.started_by = start->reason == SM_HELLO_FORK ? "fork" : "exec",
		.exe = sm_str_of(process->exe),
		.argv = argv,
	};
	uint32_t i;

	if (sm_hello_get(start->data, start->bytes, &hello))
		return SM_DAMAGED;
	for (i = 0; i < hello.argc; i++)
		argv[i] = sm_value_str(&hello.argv[i]);
	row.argc = hello.argc;
	row.cwd = hello.cwd;
	row.named = &hello.named;
	do
		status = sm_trace_add_process(collector->trace, &row,
					      &process->store.number);
	while (collector_await_memory(collector, status, &tries));
	if (!status)
		policies_adopted(collector, &process->store);
	return status;
}

void files_note_denial(struct sm_collector *collector,
		       struct stored_process *store, uint64_t after_denial)
{
	/* A guest's word: only the first counts, and none out of range. */
	if (store->after_denial || !after_denial || after_denial > INT64_MAX)
		return;
	store->after_denial = after_denial;
	if (collector->trace && !collector->is_storing_given_up)
		collector_note(collector, sm_trace_set_after_denial(
						  collector->trace,
						  store->number, after_denial));
}

enum sm_status files_add_process(struct sm_collector *collector,
				 struct process *process, struct item *start)
{
	struct process **at = &collector->stored;

	process->store.start = start;
	process->store.generation = start->generation;
	process->store.adopted_seq = 1;
	process->store.adopted_ns = process->start_ns;
	while (*at)
		at = &(*at)->store.next;
	*at = process;
	if (!collector->founder)
		collector->founder = process;
	if (!collector->trace || collector->is_storing_given_up)
		return SM_OK;
	return put_process(collector, process);
}

/* ------------------------------------------------------------- interpreter */

static struct sm_str keep(char **at, struct sm_str text)
{
	struct sm_str kept = { *at, text.len };

	if (text.len)
		memcpy(*at, text.p, text.len);
	*at += text.len;
	return kept;
}

/* Out of memory: the files that follow do not know it. */
void files_note_interpreter(struct stored_process *store,
			    const struct sm_trace_interpreter *said)
{
	size_t bytes = (size_t)said->version.len + said->stdlib.len +
		       said->prefix.len + said->home.len + said->tmp.len;
	struct sm_trace_interpreter *kept = malloc(sizeof(*kept) + bytes);
	char *text = (char *)(kept + 1);

	if (!kept)
		return;
	kept->version = keep(&text, said->version);
	kept->stdlib = keep(&text, said->stdlib);
	kept->prefix = keep(&text, said->prefix);
	kept->home = keep(&text, said->home);
	kept->tmp = keep(&text, said->tmp);
	free(store->interpreter);
	store->interpreter = kept;
}

/* ---------------------------------------------------------------- accounts */

static void add_account(struct sm_trace_account *to,
			const struct sm_trace_account *more)
{
	to->attempts += more->attempts;
	to->stored += more->stored;
	to->noise += more->noise;
	for (int i = 0; i < SM_LOSSES; i++)
		to->lost[i] += more->lost[i];
}

static uint64_t rest(uint64_t all, uint64_t before)
{
	return all > before ? all - before : 0;
}

/* What has come since the file before; adds up, whatever a guest claims. */
static void subtract(struct sm_trace_account *account,
		     const struct sm_trace_account *before)
{
	account->stored = rest(account->stored, before->stored);
	account->noise = rest(account->noise, before->noise);
	account->attempts = account->stored + account->noise;
	for (int i = 0; i < SM_LOSSES; i++) {
		account->lost[i] = rest(account->lost[i], before->lost[i]);
		account->attempts += account->lost[i];
	}
}

/*
 * As far as the records told. What only the ring's header knows, noise for
 * one, stands in the last file.
 */
static enum sm_status close_account(struct sm_collector *collector,
				    struct stored_process *store)
{
	struct sm_trace_account account = {
		.end_ns = sm_collector_now_ns(),
		.exit_status = -1,
		.stored = store->stored,
		.noise = store->filtered,
	};

	memcpy(account.lost, store->told, sizeof(account.lost));
	subtract(&account, &store->closed);
	add_account(&store->closed, &account);
	return sm_trace_end_process(collector->trace, store->number, &account);
}

void files_end_process(struct sm_collector *collector, struct process *process,
		       struct sm_trace_account *account)
{
	struct process **at = &collector->stored;

	while (*at && *at != process)
		at = &(*at)->store.next;
	if (*at)
		*at = process->store.next;
	subtract(account, &process->store.closed);
	if (process == collector->founder)
		collector->founder_end = (struct sm_trace_account){
			.end_ns = account->end_ns,
			.exit_status = account->exit_status,
		};
}

/* A run is known by its first process: files to come are to name it. */
void files_free_process(struct sm_collector *collector, struct process *process)
{
	if (process == collector->founder && collector->options.next_trace)
		stored_process_clear(&process->store);
	else
		process_free(process);
}

/* ---------------------------------------------------------------- the next */

static enum sm_status close_accounts(struct sm_collector *collector)
{
	enum sm_status status = SM_OK;
	struct process *process;

	for (process = collector->stored; process && !status;
	     process = process->store.next)
		status = close_account(collector, &process->store);
	return status;
}

/* Numbers and site ids are a file's own. */
static enum sm_status introduce(struct sm_collector *collector,
				struct process *process)
{
	struct stored_process *store = &process->store;
	enum sm_status status;

	free(store->sites);
	store->sites = NULL;
	store->site_room = store->site_count = 0;
	store->site_bytes = 0;
	status = put_process(collector, process);
	if (!status && store->after_denial)
		status = sm_trace_set_after_denial(
			collector->trace, store->number, store->after_denial);
	if (!status && store->interpreter)
		status = sm_trace_set_interpreter(
			collector->trace, store->number, store->interpreter);
	return status;
}

/* It ended in a file before: with nothing to account for in this one. */
static enum sm_status introduce_founder(struct sm_collector *collector)
{
	enum sm_status status;

	if (!collector->founder || !collector->founder_end.end_ns)
		return SM_OK;
	status = introduce(collector, collector->founder);
	return status ? status
		      : sm_trace_end_process(collector->trace,
					     collector->founder->store.number,
					     &collector->founder_end);
}

/* False: there is none yet, and summary.store tells why. */
static bool begin_next(struct sm_collector *collector)
{
	const struct sm_collector_options *options = &collector->options;
	struct sm_diag diag = { 0 };
	enum sm_status status = options->next_trace(options->next_context,
						    &collector->trace, &diag);

	if (status || collector->is_commit_failing)
		collector->summary.store = diag;
	collector->is_commit_failing = !collector->trace;
	return collector->trace;
}

static void go_on(struct sm_collector *collector)
{
	struct process *process;

	/* The disk refuses: later, what is buffered belongs to this file. */
	if (!collector_commit(collector))
		return;
	collector_note(collector, close_accounts(collector));
	/* Accounts of this file are in it before there is another. */
	if (!collector_insist(collector, collector_commit) ||
	    !collector_insist(collector, begin_next)) {
		collector->is_storing_given_up = true;
		return;
	}
	collector->summary.files++;
	collector->file_begun_ns = sm_collector_now_ns();
	policies_next_file(collector);
	sites_next_file(collector);
	collector_note(collector, introduce_founder(collector));
	for (process = collector->stored; process;
	     process = process->store.next)
		collector_note(collector, introduce(collector, process));
}

static bool is_full(const struct sm_collector *collector)
{
	const struct sm_collector_options *options = &collector->options;

	if (options->max_bytes &&
	    sm_trace_bytes(collector->trace) >= options->max_bytes)
		return true;
	return options->max_age_ns &&
	       sm_collector_now_ns() - collector->file_begun_ns >=
		       options->max_age_ns;
}

void files_check(struct sm_collector *collector, const struct item *item)
{
	const struct sm_collector_options *options = &collector->options;

	if (item->kind != ITEM_RECORDS || !collector->trace ||
	    collector->is_storing_given_up || collector->summary.is_bounded ||
	    !is_full(collector))
		return;
	if (options->next_trace)
		go_on(collector);
	else
		collector->summary.is_bounded = true;
}
