/* SPDX-License-Identifier: Apache-2.0 */
/*
 * collector_policy.c: the policies handed out, and what the trace is told of
 * them. The draining thread swaps them between two handshakes; what it replaced
 * lives on in the processes that have it mapped.
 */
#include "recorder/collector_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

/* ---------------------------------------------------------- draining thread */

/* Agents map it; nobody, the collector included, can change it any more. */
static enum sm_status seal(const void *blob, size_t rest, int *out,
			   struct sm_diag *diag)
{
	const uint8_t *at = blob;
	int fd = memfd_create("secmgr-policy", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	*out = fd;
	if (fd < 0)
		return sm_fail(diag, SM_IO, "memfd_create: %s",
			       strerror(errno));
	while (rest) {
		ssize_t n = write(fd, at, rest);

		if (n <= 0)
			return sm_fail(diag, SM_IO,
				       "cannot write the policy's memory: %s",
				       strerror(errno));
		at += n;
		rest -= (size_t)n;
	}
	if (fcntl(fd, F_ADD_SEALS,
		  F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL))
		return sm_fail(diag, SM_IO, "cannot seal the policy: %s",
			       strerror(errno));
	return SM_OK;
}

static char *copy(const char *text)
{
	return strdup(text ? text : "");
}

void held_policy_init(struct held_policy *held)
{
	*held = (struct held_policy){ .fd = -1 };
}

enum sm_status held_policy_take(struct held_policy *held,
				const struct sm_collector_policy *policy,
				struct sm_diag *diag)
{
	held_policy_init(held);
	if (!policy->blob)
		return SM_OK;
	if (policy->bytes > UINT32_MAX)
		return sm_fail(diag, SM_LIMIT, "policy longer than 4 GiB");
	held->bytes = (uint32_t)policy->bytes;
	held->path = copy(policy->path);
	held->sha256 = copy(policy->sha256);
	held->text = copy(policy->text);
	if (!held->path || !held->sha256 || !held->text)
		return sm_fail(diag, SM_NOMEM, "out of memory");
	return seal(policy->blob, policy->bytes, &held->fd, diag);
}

void held_policy_free(struct held_policy *held)
{
	if (held->fd >= 0)
		close(held->fd);
	free(held->path);
	free(held->sha256);
	free(held->text);
	held_policy_init(held);
}

/* ------------------------------------------------------------------- facts */

static char *put_text(char *at, const char *text, struct sm_str *out)
{
	size_t n = text ? strlen(text) : 0;

	if (n)
		memcpy(at, text, n);
	*out = (struct sm_str){ at, (uint32_t)n };
	return at + n;
}

static size_t text_bytes(const struct held_policy *held)
{
	if (held->fd < 0)
		return 0;
	return strlen(held->path) + strlen(held->sha256) + strlen(held->text);
}

static char *put_texts(char *at, const struct held_policy *held,
		       struct sm_trace_policy_text *out)
{
	at = put_text(at, held->path, &out->path);
	at = put_text(at, held->sha256, &out->sha256);
	return put_text(at, held->text, &out->text);
}

static struct policy_facts *make_facts(const struct sm_collector *collector)
{
	const struct held_policy *policy = &collector->policy,
				 *shadow = &collector->shadow;
	size_t bytes = text_bytes(policy) + text_bytes(shadow);
	struct policy_facts *facts = calloc(1, sizeof(*facts) + bytes + 1);
	char *at;

	if (!facts)
		return NULL;
	facts->generation = collector->generation;
	facts->row.time_ns = sm_collector_now_ns();
	facts->row.mode = collector->options.flags & SM_CHANNEL_WARN
				  ? SM_STR("warn")
				  : SM_STR("block");
	at = put_texts(facts->text, policy, &facts->row.enforced);
	put_texts(at, shadow, &facts->row.shadow);
	return facts;
}

bool policy_announce(struct sm_collector *collector)
{
	struct item *item;

	if (collector->policy.fd < 0)
		return true;
	item = item_new(ITEM_POLICY, NULL, NULL, 0);
	if (!item)
		return false;
	item->facts = make_facts(collector);
	if (!item->facts) {
		free(item);
		return false;
	}
	queue_push(&collector->queue, item);
	return true;
}

/* ----------------------------------------------------------- storing thread */

static bool is_storing(const struct sm_collector *collector)
{
	return collector->trace && !collector->is_storing_given_up;
}

void policies_add(struct sm_collector *collector, struct policy_facts *facts)
{
	facts->next = collector->facts;
	collector->facts = facts;
	collector->summary.has_shadow |= facts->row.shadow.sha256.len > 0;
	if (is_storing(collector))
		collector_note(collector, sm_trace_add_policy(collector->trace,
							      &facts->row,
							      &facts->number));
}

/* Row of the policies of that generation in this file; 0: there is none. */
static uint32_t number_of(struct sm_collector *collector, uint32_t generation)
{
	struct policy_facts *facts = collector->facts;

	while (facts && facts->generation != generation)
		facts = facts->next;
	if (facts && !facts->number)
		collector_note(collector, sm_trace_add_policy(collector->trace,
							      &facts->row,
							      &facts->number));
	return facts ? facts->number : 0;
}

void policies_adopted(struct sm_collector *collector,
		      const struct stored_process *store)
{
	struct sm_trace_adoption adoption = { .process = store->number,
					      .seq = store->adopted_seq,
					      .time_ns = store->adopted_ns };

	if (!is_storing(collector) || !store->generation)
		return;
	adoption.policy = number_of(collector, store->generation);
	/* A generation nobody handed out: a guest's invention. */
	if (adoption.policy)
		collector_note(collector, sm_trace_add_adoption(
						  collector->trace, &adoption));
}

void policies_next_file(struct sm_collector *collector)
{
	for (struct policy_facts *f = collector->facts; f; f = f->next)
		f->number = 0;
	if (collector->facts && is_storing(collector))
		number_of(collector, collector->facts->generation);
}

void policies_free(struct sm_collector *collector)
{
	struct policy_facts *facts;

	while ((facts = collector->facts)) {
		collector->facts = facts->next;
		free(facts);
	}
}
