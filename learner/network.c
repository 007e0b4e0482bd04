/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Network. A connection is granted by the names its address was known by,
 * else by the address or the block such addresses stand in. A Unix
 * socket is a path and takes the slots of its directory.
 *
 * Where one address had several names, each is granted: which one was meant
 * cannot be told, and another process may know one of them only.
 */
#include <stdio.h>
#include <stdlib.h>

#include "learner/address_blocks.h"
#include "learner/paths.h"
#include "learner/ports.h"

struct network {
	struct sm_learn *l;
	struct sm_facts facts;
	struct sm_str_list numeric; /* addresses asked for as such */
	struct sm_str_list asked;   /* "NAME BY": granted by connect rules */
	struct sm_str_list granted; /* "HOST:PORT BY": likewise */
	struct sm_target *targets;
	size_t target_count;
};

/* -------------------------------------------------------------------- text */

static bool has_prefix(const struct sm_request *request)
{
	return request->port >= 0 &&
	       (sm_str_equal(request->proto, SM_STR("udp")) ||
		sm_str_equal(request->proto, SM_STR("raw")));
}

static struct sm_str prefixed(struct sm_learn *l,
			      const struct sm_request *request,
			      struct sm_str text)
{
	if (!has_prefix(request))
		return text;
	return sm_learn_join(l, sm_learn_join(l, request->proto, SM_STR(":")),
			     text);
}

static struct sm_str small(struct sm_learn *l, struct sm_str name)
{
	char *text = sm_learn_take(l, (size_t)name.len + 1);

	for (uint32_t i = 0; i < name.len; i++)
		text[i] = name.p[i] >= 'A' && name.p[i] <= 'Z'
				  ? (char)(name.p[i] | 32)
				  : name.p[i];
	return (struct sm_str){ text, name.len };
}

/* host, as a pattern spells it, with the request's port. */
static struct sm_str host_and_port(struct sm_learn *l,
				   const struct sm_request *request,
				   struct sm_str host)
{
	char port[16];

	if (sm_str_has(host, ':'))
		host = sm_learn_join(l, sm_learn_join(l, SM_STR("["), host),
				     SM_STR("]"));
	snprintf(port, sizeof(port), ":%d", (int)request->port);
	if (request->port == SM_PORT_ANY)
		return sm_learn_join(l, host, SM_STR(":<port>"));
	if (request->port == SM_PORT_DYNAMIC)
		return sm_learn_join(l, host, SM_STR(SM_PORTS_DYNAMIC));
	return sm_learn_join(l, host, sm_str_of(port));
}

static struct sm_str literal_of(struct sm_learn *l,
				const struct sm_request *request)
{
	struct sm_str value = request->value;
	bool slotted;

	if (value.len && value.p[0] == '/')
		return sm_paths_pattern(l, value, &slotted);
	/* Abstract names often hold who made them up. */
	if (value.len && value.p[0] == '@')
		return prefixed(l, request, sm_open_pids(l, value));
	return prefixed(l, request, sm_escape(l, value));
}

/* ------------------------------------------------------------------- rules */

static void add(struct network *n, size_t fact, struct sm_str pattern)
{
	const struct sm_fact *f = &n->facts.items[fact];
	struct sm_rule rule = { .family = SM_FAMILY_NETWORK,
				.access = f->request->access,
				.pattern = pattern,
				.seen = f->view->call->count };

	sm_learn_rule_by(n->l, &rule, &f->view->event);
}

static struct sm_str asked_by(struct network *n, struct sm_str name,
			      const struct sm_event *event)
{
	struct sm_learn *l = n->l;

	return sm_learn_join(l, sm_learn_join(l, name, SM_STR(" ")),
			     sm_by_of(l, event));
}

static bool is_granted(struct network *n, size_t fact, struct sm_str host)
{
	const struct sm_fact *f = &n->facts.items[fact];

	host = host_and_port(n->l, f->request, host);
	return sm_list_has(&n->granted, asked_by(n, host, &f->view->event));
}

/* A rule without protocol is for this one too: see sm_learn_network(). */
static void add_host(struct network *n, size_t fact, struct sm_str host)
{
	const struct sm_fact *f = &n->facts.items[fact];
	struct sm_str pattern = host_and_port(n->l, f->request, host);

	if (sm_str_equal(f->request->proto, SM_STR("udp")) &&
	    is_granted(n, fact, host))
		return;
	if (!has_prefix(f->request))
		sm_list_add(n->l, &n->granted,
			    asked_by(n, pattern, &f->view->event));
	add(n, fact, prefixed(n->l, f->request, pattern));
}

static void add_name(struct network *n, size_t fact, struct sm_str name,
		     struct sm_str place)
{
	const struct sm_fact *f = &n->facts.items[fact];
	struct sm_learn *l = n->l;
	struct sm_str host;

	name = small(l, name);
	host = sm_learn_join(l, sm_escape(l, name), place);
	sm_list_add(l, &n->asked, asked_by(n, name, &f->view->event));
	add_host(n, fact, host);
}

static struct sm_str address_of(const struct sm_request *request)
{
	return request->address.len ? request->address : request->host;
}

static void add_address(struct network *n, size_t fact)
{
	const struct sm_request *request = n->facts.items[fact].request;

	add_host(n, fact, sm_escape(n->l, address_of(request)));
}

/* ------------------------------------------------------------------- names */

static bool is_local(struct sm_str name)
{
	return sm_str_equal(name, SM_STR("localhost"));
}

/* Each name, where rules for names hold. False: there is none. */
static bool add_names(struct network *n, size_t fact, enum sm_address_kind kind)
{
	const struct sm_request *request = n->facts.items[fact].request;
	struct sm_str left = request->names, name;
	bool is_loopback = kind == SM_ADDRESS_LOOPBACK, is_named = false;

	if (sm_address_kind_of(request->host) == SM_ADDRESS_NONE)
		left = request->host; /* what the program said: no guess */
	while (left.len) {
		name = sm_request_next_name(&left);
		if (is_local(name) && !is_loopback)
			continue;
		add_name(n, fact, name,
			 is_loopback && !is_local(name) ? SM_STR("@loopback")
							: SM_STR(""));
		is_named = true;
	}
	return is_named;
}

static void add_target(struct network *n, size_t fact,
		       enum sm_address_kind kind)
{
	const struct sm_request *request = n->facts.items[fact].request;
	struct sm_target *t = &n->targets[n->target_count++];

	*t = (struct sm_target){ .kind = kind,
				 .port = request->port,
				 .proto = request->proto,
				 .call = n->facts.items[fact].view->call,
				 .fact = fact };
	(void)sm_address_parse(address_of(request), t->address);
}

/* Also asked for by its address: that must not depend on who asked before. */
static bool is_numeric_too(const struct network *n,
			   const struct sm_request *request)
{
	return sm_list_has(&n->numeric, request->host);
}

static void connect_to(struct network *n, size_t fact)
{
	const struct sm_request *request = n->facts.items[fact].request;
	enum sm_address_kind kind = sm_address_kind_of(address_of(request));

	switch (kind) {
	case SM_ADDRESS_METADATA:
	case SM_ADDRESS_OTHER:
		add_address(n, fact);
		return;
	case SM_ADDRESS_NONE:
		if (!add_names(n, fact, kind))
			add_address(n, fact);
		return;
	case SM_ADDRESS_LOOPBACK:
	case SM_ADDRESS_PUBLIC:
	case SM_ADDRESS_PRIVATE:
		if (!add_names(n, fact, kind) || is_numeric_too(n, request))
			add_target(n, fact, kind);
	}
}

/* ------------------------------------------------------------------ blocks */

static int by_network(const void *x, const void *y)
{
	const struct sm_target *a = x, *b = y;
	int r = sm_str_compare(a->proto, b->proto);

	if (!r)
		r = (a->port > b->port) - (a->port < b->port);
	if (!r)
		r = (int)a->kind - (int)b->kind;
	if (!r)
		r = memcmp(a->address, b->address, sizeof(a->address));
	return r ? r : (a->fact > b->fact) - (a->fact < b->fact);
}

/* Of one network: each in its block, or by itself. */
static void add_neighbours(struct network *n, struct sm_target *first,
			   size_t count)
{
	sm_targets_choose(n->l, first, count);
	for (size_t i = 0; i < count; i++) {
		/* localhost is all of them */
		if (first->kind == SM_ADDRESS_LOOPBACK &&
		    is_granted(n, first[i].fact, SM_STR("localhost")))
			continue;
		n->l->why = first[i].why;
		if (first[i].bits)
			add_host(n, first[i].fact,
				 sm_target_block(n->l, &first[i]));
		else
			add_address(n, first[i].fact);
	}
	n->l->why = SM_STR("");
}

static void add_targets(struct network *n)
{
	size_t i = 0, end;

	qsort(n->targets, n->target_count, sizeof(*n->targets), by_network);
	for (; i < n->target_count; i = end) {
		for (end = i + 1;
		     end < n->target_count &&
		     sm_target_is_near(&n->targets[i], &n->targets[end]);)
			end++;
		add_neighbours(n, &n->targets[i], end - i);
	}
}

/* ----------------------------------------------------------------- look-ups */

/* Who may connect to a name may look it up. */
static void add_resolves(struct network *n)
{
	for (size_t i = 0; i < n->facts.count; i++) {
		const struct sm_fact *f = &n->facts.items[i];
		struct sm_str name = small(n->l, f->request->host);

		if (f->request->access == SM_ACCESS_RESOLVE &&
		    !sm_list_has(&n->asked, asked_by(n, name, &f->view->event)))
			add(n, i, sm_escape(n->l, name));
	}
}

/* getaddrinfo("10.0.0.1"): asks for nothing, but tells what was meant. */
static void find_numeric(struct network *n)
{
	for (size_t i = 0; i < n->l->view_count; i++) {
		const struct sm_event *e = &n->l->views[i].event;
		struct sm_str host;

		if (e->site.kind != SM_EVENT_SOCKET_GETADDRINFO || !e->argc)
			continue;
		host = sm_value_str(&e->args[0]);
		if (sm_address_kind_of(host) != SM_ADDRESS_NONE)
			sm_list_add(n->l, &n->numeric, host);
	}
}

static struct sm_str any_port(struct sm_learn *l,
			      const struct sm_request *request)
{
	struct sm_str host = sm_escape(l, request->host);

	return prefixed(l, request, host_and_port(l, request, host));
}

static void add_fact(struct network *n, size_t fact)
{
	const struct sm_request *request = n->facts.items[fact].request;

	if (request->access == SM_ACCESS_CONNECT && request->host.len)
		connect_to(n, fact);
	else if (request->port == SM_PORT_ANY)
		add(n, fact, any_port(n->l, request));
	else if (request->access != SM_ACCESS_RESOLVE)
		add(n, fact, literal_of(n->l, request));
}

/*
 * Rules without protocol come first, those for names before those for
 * addresses: what adds nothing to them is left out.
 */
void sm_learn_network(struct sm_learn *l)
{
	struct network n = { .l = l };

	n.facts = sm_learn_facts(l, SM_FAMILY_NETWORK, UINT32_MAX);
	n.targets = sm_learn_take(l, (n.facts.count + 1) * sizeof(*n.targets));
	sm_ports_open(l, &n.facts);
	find_numeric(&n);
	for (unsigned round = 0; round < 2; round++)
		for (size_t i = 0; i < n.facts.count; i++)
			if (has_prefix(n.facts.items[i].request) == round)
				add_fact(&n, i);
	add_targets(&n);
	add_resolves(&n);
}
