/* SPDX-License-Identifier: Apache-2.0 */
/*
 * collector_store.c: the storing thread: decodes records, appends events to the
 * trace and closes each process's account.
 */
#include "recorder/collector_internal.h"

#include <stdlib.h>

#define COMMIT_EVERY_NS 1000000000u
#define POP_WAIT_MS	250
#define RETRY_MS	100
#define GIVE_UP_NS	3000000000u /* after the end, when the disk refuses */
#define MEMORY_TRIES	50
#define MEMORY_RETRY_MS 10
#define BUFFERED_MAX	(16u << 20)

/* ----------------------------------------------------------------- events */

static bool is_wanted(const struct sm_collector *collector,
		      const struct sm_event *event)
{
	const struct sm_collector_options *options = &collector->options;

	return !options->wants ||
	       options->wants(options->wants_context, event->site.event);
}

static void tell_denial(struct sm_collector *collector,
			const struct process *process,
			const struct sm_record_event *record)
{
	struct sm_event event = record->event;
	bool is_denied = event.verdict.decision == SM_DENIED;
	bool would_be = event.shadow.decision == SM_DENIED;

	collector->summary.shadow_denies += would_be && !is_denied;
	collector->summary.shadow_allows +=
		is_denied && event.shadow.decision != SM_UNDECIDED && !would_be;
	if (!collector->options.denied ||
	    (event.verdict.decision < SM_WARNED && !would_be))
		return;
	code_fill_site(&process->store, record, &event.site);
	collector->options.denied(collector->options.denied_context,
				  process->pid, &event,
				  process->store.has_begun);
}

static enum sm_status append(struct sm_collector *collector,
			     struct process *process,
			     struct sm_record_event *record)
{
	enum sm_status status;
	uint32_t site;

	if (collector->is_storing_given_up)
		return SM_IO;
	if (!collector->trace)
		return SM_OK;
	if (collector->summary.is_bounded)
		return SM_LIMIT;
	status = code_find_site(collector, &process->store, record, &site);
	if (!status)
		status =
			sm_trace_append(collector->trace, site, &record->event);
	return status;
}

/* After which a program may connect that nobody has heard of yet. */
static bool is_spawn(enum sm_event_kind kind)
{
	const struct sm_catalogue_entry *entry = sm_catalogue_entry(kind);

	if (!entry)
		return false;
	switch ((enum sm_operation)entry->operation) {
	case SM_OPERATION_POPEN:
	case SM_OPERATION_FORK_EXEC:
	case SM_OPERATION_EXEC:
	case SM_OPERATION_SYSTEM:
		return true;
	default:
		return kind == SM_EVENT_OS_FORK || kind == SM_EVENT_OS_FORKPTY;
	}
}

/* A fork that a policy refused leaves no child to wait for. */
static void count_fork(struct stored_process *store,
		       const struct sm_event *event)
{
	if ((event->site.kind == SM_EVENT_OS_FORK ||
	     event->site.kind == SM_EVENT_OS_FORKPTY) &&
	    event->verdict.decision != SM_DENIED)
		store->forks_announced++;
}

/*
 * The program itself runs: its code is executed, by CPython or runpy, or an
 * interpreter that something else embeds works for it.
 */
static bool is_beginning(const struct sm_event *event)
{
	enum sm_principal_kind kind = event->site.principal.kind;

	if (kind == SM_PRINCIPAL_APP || kind == SM_PRINCIPAL_MAIN)
		return true;
	return event->site.kind == SM_EVENT_EXEC &&
	       event->site.via == SM_VIA_EXEC &&
	       event->verdict.decision != SM_DENIED;
}

static void store_event(struct sm_collector *collector, struct process *process,
			struct sm_record_event *record)
{
	struct stored_process *store = &process->store;

	if (!store->has_begun)
		store->has_begun = is_beginning(&record->event);
	record->event.process = store->number;
	store->last_ns = record->event.time_ns;
	count_fork(store, &record->event);
	if (!collector->has_spawned && is_spawn(record->event.site.kind))
		collector->has_spawned = true;
	tell_denial(collector, process, record);
	if (!is_wanted(collector, &record->event)) {
		store->filtered++;
	} else if (append(collector, process, record)) {
		store->refused++;
	} else {
		store->stored++;
		collector->appended++;
		process->seen = store->stored;
	}
}

void collector_note(struct sm_collector *collector, enum sm_status status)
{
	struct sm_diag *diag = &collector->summary.store;

	if (status && !diag->status)
		*diag = (struct sm_diag){ .status = status };
	if (status && !diag->text[0])
		sm_fail(diag, status, "%s", sm_status_text(status));
}

bool collector_await_memory(struct sm_collector *collector,
			    enum sm_status status, unsigned *tries)
{
	const struct timespec pause = { 0, MEMORY_RETRY_MS * 1000000 };

	if (status != SM_NOMEM || ++*tries > MEMORY_TRIES)
		return false;
	nanosleep(&pause, NULL);
	collector_commit(collector);
	return true;
}

static void add_loss(struct sm_collector *collector,
		     struct stored_process *store, enum sm_loss cause,
		     uint64_t count, uint64_t time_ns)
{
	enum sm_status status = SM_OK;

	if (collector->trace && count && !collector->is_storing_given_up)
		status = sm_trace_add_loss(collector->trace, store->number,
					   cause, count, time_ns);
	/* Out of memory: its account tells again, at the end. */
	if (!status)
		store->told[cause] += count;
	else if (status != SM_NOMEM)
		collector_note(collector, status);
}

static void store_record(struct sm_collector *collector,
			 struct process *process, struct sm_record *record)
{
	struct stored_process *store = &process->store;

	switch (record->type) {
	case SM_RECORD_EVENT:
		store_event(collector, process, &record->event);
		break;
	case SM_RECORD_CODE:
		/* Refused: its events name no caller and count as foreign. */
		code_add(collector, store, &record->code);
		sites_note(collector, &record->code);
		break;
	case SM_RECORD_INTERPRETER:
		files_note_interpreter(store, &record->interpreter);
		if (collector->trace && !collector->is_storing_given_up)
			collector_note(collector,
				       sm_trace_set_interpreter(
					       collector->trace, store->number,
					       &record->interpreter));
		break;
	case SM_RECORD_LOST:
		add_loss(collector, store, record->lost.cause,
			 record->lost.count, record->lost.time_ns);
		break;
	case SM_RECORD_FORGET:
		stored_process_clear(store);
		break;
	case SM_RECORD_POLICY:
		store->generation = record->policy.generation;
		store->adopted_seq = record->policy.seq;
		store->adopted_ns = record->policy.time_ns;
		policies_adopted(collector, store);
		break;
	}
}

static void store_records(struct sm_collector *collector,
			  const struct item *item)
{
	static _Thread_local struct sm_value values[SM_VALUES_MAX];
	static _Thread_local struct sm_record record;
	const uint8_t *at = item->data, *end = item->data + item->bytes;
	uint32_t bytes;

	while (at < end) {
		memcpy(&bytes, at, sizeof(bytes));
		at += sizeof(bytes);
		if (sm_record_get(at, bytes, values, &record))
			item->process->store.damaged++;
		else
			store_record(collector, item->process, &record);
		at += bytes;
	}
}

/* -------------------------------------------------------------- processes */

static uint64_t sum(const uint64_t *counts)
{
	uint64_t total = 0;
	int i;

	for (i = 0; i < SM_LOSSES; i++)
		total += counts[i];
	return total;
}

/*
 * attempts = stored + noise + lost, always. What the agent attempted and
 * nobody received was cut off by its death, by a ring that made no sense or by
 * the recording's end.
 */
static void balance(struct sm_collector *collector, const struct item *item,
		    struct sm_trace_account *account)
{
	uint64_t known = account->stored + account->noise + sum(account->lost);
	uint64_t missing = 0;

	if (account->attempts >= known)
		missing = account->attempts - known;
	else
		collector->summary.unbalanced++;
	if (account->attempts < known || item->is_running)
		account->attempts = known;
	else if (item->is_tainted)
		account->lost[SM_LOSS_DAMAGED] += missing;
	else
		account->lost[SM_LOSS_TORN] += missing;
}

static void fill_account(const struct item *item,
			 struct sm_trace_account *account)
{
	const struct stored_process *store = &item->process->store;
	int i;

	account->end_ns = item->end_ns;
	account->exit_status = item->exit_status;
	account->attempts = item->counters.attempts;
	account->stored = store->stored;
	account->noise = item->counters.noise + store->filtered;
	for (i = 0; i < SM_LOSSES; i++)
		account->lost[i] = item->counters.lost[i];
	account->lost[SM_LOSS_DAMAGED] += store->damaged;
	account->lost[SM_LOSS_STORE] += store->refused;
}

static void add_up(struct sm_collector_summary *summary,
		   const struct item *item,
		   const struct sm_trace_account *account)
{
	int i;

	summary->attempts += account->attempts;
	summary->stored += account->stored;
	summary->noise += account->noise;
	for (i = 0; i < SM_LOSSES; i++)
		summary->lost[i] += account->lost[i];
	summary->tainted += item->is_tainted;
	summary->still_running += item->is_running;
}

static void put_account(struct sm_collector *collector,
			const struct stored_process *store,
			const struct sm_trace_account *account)
{
	enum sm_status status;
	unsigned tries = 0;

	do
		status = sm_trace_end_process(collector->trace, store->number,
					      account);
	while (collector_await_memory(collector, status, &tries));
	collector_note(collector, status);
}

static void end_process(struct sm_collector *collector, const struct item *item)
{
	struct stored_process *store = &item->process->store;
	struct sm_trace_account account = { 0 };
	int i;

	fill_account(item, &account);
	balance(collector, item, &account);
	for (i = 0; i < SM_LOSSES; i++)
		if (account.lost[i] > store->told[i])
			add_loss(collector, store, (enum sm_loss)i,
				 account.lost[i] - store->told[i],
				 item->end_ns);
	collector->forks_announced += store->forks_announced;
	add_up(&collector->summary, item, &account);
	files_end_process(collector, item->process, &account);
	if (collector->trace && !collector->is_storing_given_up)
		put_account(collector, store, &account);
	if (collector->options.ended)
		collector->options.ended(collector->options.denied_context,
					 item->process->pid, store->has_begun);
	files_free_process(collector, item->process);
}

/* ----------------------------------------------------------------- thread */

/* Takes item. */
static void handle(struct sm_collector *collector, struct item *item)
{
	switch (item->kind) {
	case ITEM_START:
		item->process->store.has_begun = item->reason == SM_HELLO_FORK;
		collector_note(
			collector,
			files_add_process(collector, item->process, item));
		return;
	case ITEM_RECORDS:
		files_note_denial(collector, &item->process->store,
				  item->after_denial);
		store_records(collector, item);
		break;
	case ITEM_POLICY:
		policies_add(collector, item->facts);
		break;
	case ITEM_END:
		files_note_denial(collector, &item->process->store,
				  item->after_denial);
		end_process(collector, item);
		break;
	case ITEM_STOP:
		break;
	}
	free(item);
}

bool collector_commit(struct sm_collector *collector)
{
	struct sm_diag diag = { 0 };

	if (!collector->trace || collector->is_storing_given_up)
		return true;
	if (!sm_trace_commit(collector->trace, &diag)) {
		/* Space has returned; what was buffered is stored. */
		collector->committed = collector->appended;
		if (collector->is_commit_failing)
			collector->summary.store = (struct sm_diag){ 0 };
		collector->is_commit_failing = false;
		return true;
	}
	collector->is_commit_failing = true;
	collector->summary.store = diag;
	return false;
}

bool collector_insist(struct sm_collector *collector, disk_step *step)
{
	const struct timespec pause = { 0, RETRY_MS * 1000000 };
	uint64_t start = sm_collector_now_ns();

	while (!step(collector)) {
		uint64_t end = collector->ending_ns;
		uint64_t since = end > start ? end : start;

		if (end && sm_collector_now_ns() > since + GIVE_UP_NS)
			return false;
		nanosleep(&pause, NULL);
	}
	return true;
}

static void wait_for_disk(struct sm_collector *collector)
{
	if (sm_trace_buffered_bytes(collector->trace) > BUFFERED_MAX &&
	    !collector_insist(collector, collector_commit))
		collector->is_storing_given_up = true;
}

/*
 * What was appended since the last commit that succeeded is lost, at most:
 * blocks cut in between may have been kept.
 */
static void count_unkept(struct sm_collector *collector)
{
	struct sm_collector_summary *summary = &collector->summary;
	uint64_t unkept = collector->appended - collector->committed;

	if (!collector->trace || !summary->store.status ||
	    unkept > summary->stored)
		return;
	summary->stored -= unkept;
	summary->lost[SM_LOSS_STORE] += unkept;
}

static void commit_last(struct sm_collector *collector)
{
	/* What refuses to the last is told by summary.store. */
	(void)collector_insist(collector, collector_commit);
	count_unkept(collector);
}

static void count_unseen_forks(struct sm_collector *collector)
{
	uint64_t unseen = collector->refused_count + collector->unadopted;

	if (collector->forks_announced > collector->forks_seen)
		unseen += collector->forks_announced - collector->forks_seen;
	collector->summary.uncovered = unseen;
	if (collector->trace && unseen)
		collector_note(collector,
			       sm_trace_add_loss(collector->trace, 0,
						 SM_LOSS_NO_CHANNEL, unseen,
						 sm_collector_now_ns()));
}

void *collector_store(void *context)
{
	struct sm_collector *collector = context;
	uint64_t committed_ns = sm_collector_now_ns();
	bool is_over = false;
	struct item *item;

	while (!is_over) {
		item = queue_pop(&collector->queue, POP_WAIT_MS);
		if (item) {
			is_over = item->kind == ITEM_STOP;
			files_check(collector, item);
			handle(collector, item);
			collector->queue.handled++;
		}
		sites_store(collector);
		if (sm_collector_now_ns() - committed_ns > COMMIT_EVERY_NS) {
			collector_commit(collector);
			committed_ns = sm_collector_now_ns();
		}
		if (collector->trace && !collector->is_storing_given_up)
			wait_for_disk(collector);
	}
	sites_end(collector);
	count_unseen_forks(collector);
	commit_last(collector);
	return NULL;
}
