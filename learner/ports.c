/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ports that somebody else chose. Whoever starts the program says where it
 * listens, or it takes what is free: two ports of which neither came back may
 * open the rest.
 *
 * A connection goes to a port that means a service, and stays as it was: any
 * would reach what else listens there. But what a server sends over UDP goes
 * where it was asked from: a port which the kernel gave to a client for once.
 * So it is for programs that bind a port for UDP, and for ports that no other
 * run sent to. And who listens may have got a port from the kernel as well:
 * those open, and no others, where two runs found a host at such ports, each
 * run at others.
 *
 * What the kernel gives away is another when a day is played again, too: there
 * every run counts.
 */
#include <stdlib.h>

#include "learner/cost.h"
#include "learner/ports.h"

/* Facts that ask alike, by port, and one of the ports there. */
struct uses {
	struct sm_fact **items;
	size_t count;
};
struct port {
	struct sm_sketch runs;
	struct sm_node node;
};

/* Ports anybody may take; others tell what is served. */
static bool is_free_port(int32_t port)
{
	return port >= 1024;
}

static bool is_dynamic_port(int32_t port)
{
	return port >= 32768 && port <= 65535;
}

static bool is_udp(const struct sm_request *r)
{
	return sm_str_equal(r->proto, SM_STR("udp"));
}

static int by_port(const void *x, const void *y)
{
	const struct sm_request *a = (*(struct sm_fact *const *)x)->request;
	const struct sm_request *b = (*(struct sm_fact *const *)y)->request;

	return (a->port > b->port) - (a->port < b->port);
}

/* From the use at `at` on: where those of its port end. */
static size_t end_of_port(const struct uses *uses, size_t at)
{
	size_t end = at + 1;

	while (end < uses->count &&
	       !by_port(&uses->items[at], &uses->items[end]))
		end++;
	return end;
}

static struct port port_of(struct sm_learn *l, struct sm_fact *const *uses,
			   size_t count)
{
	struct port port = { .node = { .sources = 1 } };

	for (size_t i = 0; i < count; i++) {
		sm_sketch_merge(&port.runs, &uses[i]->view->call->runs);
		sm_node_note_call(l, &port.node, uses[i]->view->call);
	}
	return port;
}

/* Runs in which it was recorded, those that repeat others as well. */
static struct sm_sketch runs_of(struct sm_fact *const *uses, size_t count)
{
	struct sm_sketch runs = { 0 };

	for (size_t i = 0; i < count; i++)
		sm_sketch_merge(&runs, &uses[i]->view->recorded->runs);
	return runs;
}

/* Whether any port costs less than so many. */
static bool is_any_cheaper(struct sm_learn *l, const struct sm_novelty *ports,
			   size_t count, uint32_t access)
{
	struct sm_reach reach = { .sensitivity = 1 };
	double closed = (double)count * sm_rule_cost(&reach, access) +
			sm_block_cost(l, sm_novelty_unseen(ports, 1));

	reach = sm_reach_slot(&reach, SM_STR("<port>"));
	return sm_rule_cost(&reach, access) < closed - 1e-9;
}

/* Takes those away whose port came back in another run. */
static void take_fresh(struct uses *uses)
{
	size_t kept = 0, end;

	for (size_t i = 0; i < uses->count; i = end) {
		end = end_of_port(uses, i);
		if (runs_of(uses->items + i, end - i).count > 1)
			continue;
		memmove(uses->items + kept, uses->items + i,
			(end - i) * sizeof(*uses->items));
		kept += end - i;
	}
	uses->count = kept;
}

static bool are_open(struct sm_learn *l, const struct uses *uses)
{
	struct sm_novelty novelty = { .windows = 0 };
	struct sm_evidence e = { .is_typed = true };
	size_t end;

	for (size_t i = 0; i < uses->count; i = end) {
		struct port port;

		end = end_of_port(uses, i);
		port = port_of(l, uses->items + i, end - i);
		sm_novelty_add(&novelty, &port.node, true);
		e.some_recur |= port.runs.count > 1;
		e.distinct++;
	}
	return sm_is_open(l, &e) &&
	       is_any_cheaper(l, &novelty, e.distinct,
			      uses->items[0]->request->access);
}

/* port: SM_PORT_ANY or SM_PORT_DYNAMIC. */
static void open_uses(struct sm_learn *l, struct uses *uses, int32_t port)
{
	if (!are_open(l, uses))
		return;
	for (size_t i = 0; i < uses->count; i++) {
		struct sm_request *any = sm_learn_take(l, sizeof(*any));

		*any = *uses->items[i]->request;
		any->port = port;
		uses->items[i]->request = any;
	}
}

/* Those that ask as `like` does, sorted by port. */
static struct uses find_uses(struct sm_learn *l, const struct sm_facts *facts,
			     const struct sm_request *like, bool is_any_host)
{
	struct uses uses = {
		sm_learn_take(l, (facts->count + 1) * sizeof(*uses.items)), 0
	};

	for (size_t i = 0; i < facts->count; i++) {
		const struct sm_request *r = facts->items[i].request;

		if (r->access == like->access && is_free_port(r->port) &&
		    r->host.len && r->port <= 65535 &&
		    sm_str_equal(r->proto, like->proto) &&
		    (is_any_host || sm_str_equal(r->host, like->host)))
			uses.items[uses.count++] = &facts->items[i];
	}
	if (uses.count)
		qsort(uses.items, uses.count, sizeof(*uses.items), by_port);
	return uses;
}

/* A socket is bound by many calls, each of one host. */
static void open_bound(struct sm_learn *l, struct sm_facts *facts)
{
	struct sm_str_list done = { 0 };

	for (size_t i = 0; i < facts->count; i++) {
		const struct sm_request *r = facts->items[i].request;
		struct sm_str key = sm_learn_join(l, r->proto, r->host);
		struct uses uses;

		if (r->access != SM_ACCESS_BIND || !is_free_port(r->port) ||
		    !r->host.len || sm_list_has(&done, key))
			continue;
		sm_list_add(l, &done, key);
		uses = find_uses(l, facts, r, false);
		open_uses(l, &uses, SM_PORT_ANY);
	}
}

static bool binds_udp(const struct sm_facts *facts)
{
	for (size_t i = 0; i < facts->count; i++) {
		const struct sm_request *r = facts->items[i].request;

		if (r->access == SM_ACCESS_BIND && is_udp(r) && r->port > 0)
			return true;
	}
	return false;
}

static void open_replies(struct sm_learn *l, struct sm_facts *facts)
{
	const struct sm_request sent = { .access = SM_ACCESS_CONNECT,
					 .proto = SM_STR("udp") };
	struct uses uses;

	if (!binds_udp(facts))
		return;
	uses = find_uses(l, facts, &sent, true);
	take_fresh(&uses);
	open_uses(l, &uses, SM_PORT_ANY);
}

static void keep_dynamic(struct uses *uses)
{
	size_t kept = 0;

	for (size_t i = 0; i < uses->count; i++)
		if (is_dynamic_port(uses->items[i]->request->port))
			uses->items[kept++] = uses->items[i];
	uses->count = kept;
}

static void open_dynamic(struct sm_learn *l, struct sm_facts *facts)
{
	struct sm_str_list done = { 0 };

	for (size_t i = 0; i < facts->count; i++) {
		const struct sm_request *r = facts->items[i].request;
		struct sm_str key = sm_learn_join(l, r->proto, r->host);
		struct uses uses;

		if (r->access != SM_ACCESS_CONNECT || !r->host.len ||
		    is_udp(r) || !is_dynamic_port(r->port) ||
		    sm_list_has(&done, key))
			continue;
		sm_list_add(l, &done, key);
		uses = find_uses(l, facts, r, false);
		keep_dynamic(&uses);
		take_fresh(&uses);
		if (runs_of(uses.items, uses.count).count > 1)
			open_uses(l, &uses, SM_PORT_DYNAMIC);
	}
}

void sm_ports_open(struct sm_learn *l, struct sm_facts *facts)
{
	open_bound(l, facts);
	open_replies(l, facts);
	open_dynamic(l, facts);
}
