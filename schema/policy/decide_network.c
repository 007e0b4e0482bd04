/* SPDX-License-Identifier: Apache-2.0 */
/*
 * decide_network.c: rules of sockets, hosts, addresses and their names.
 */
#include "schema/ascii.h"
#include "schema/policy/decide.h"

#include <strings.h>

/* ---------------------------------------------------------------- families */

#define HOST_MAX 256 /* RFC 1035: no name is longer */

static const char at_loopback[] = "@loopback";

static void look_up_address(struct sm_deciding *d, struct sm_str host)
{
	char key[SM_ADDRESS_KEY];

	if (sm_match_address(host, key))
		sm_decide_key(d, SM_ROOT_HOST,
			      (struct sm_str){ key, sizeof(key) });
}

/* The text in small letters, and that with what to add at its end. */
static void look_up_text(struct sm_deciding *d, struct sm_str host,
			 struct sm_str more)
{
	char lower[HOST_MAX + sizeof(at_loopback)];
	uint32_t i;

	/*
	 * A NUL would make a name look like an address key, an @ like one that
	 * leads to another place.
	 */
	if (!host.len || host.len > HOST_MAX || !host.p[0] ||
	    sm_str_has(host, '@'))
		return;
	for (i = 0; i < host.len; i++)
		lower[i] = sm_lower(host.p[i]);
	if (more.len)
		memcpy(lower + host.len, more.p, more.len);
	sm_decide_key(d, SM_ROOT_HOST,
		      (struct sm_str){ lower, host.len + more.len });
}

static void look_up_plain(struct sm_deciding *d, struct sm_str host)
{
	look_up_text(d, host, (struct sm_str){ NULL, 0 });
}

/* RFC 6761 6.3: it stands for nothing else. */
static bool is_localhost(struct sm_str name)
{
	const struct sm_str localhost = SM_STR("localhost");

	if (name.len < localhost.len ||
	    strncasecmp(name.p + name.len - localhost.len, localhost.p,
			localhost.len) != 0)
		return false;
	name.len -= localhost.len;
	return !name.len || name.p[name.len - 1] == '.';
}

/*
 * Whether a rule for the name is one for where it leads. Whoever answers for a
 * name may answer anything: it stands for this machine only where the rule
 * says so, and never for the network's or the cloud's own services.
 */
static bool stands_for(struct sm_str name, enum sm_address_kind kind)
{
	switch (kind) {
	case SM_ADDRESS_NONE:
		return true; /* not recorded */
	case SM_ADDRESS_LOOPBACK:
		return is_localhost(name);
	case SM_ADDRESS_PUBLIC:
	case SM_ADDRESS_PRIVATE:
		return !is_localhost(name);
	case SM_ADDRESS_METADATA:
	case SM_ADDRESS_OTHER:
		break;
	}
	return false;
}

/* Denials are for the name wherever it leads. */
static void look_up_name(struct sm_deciding *d, struct sm_str name,
			 enum sm_address_kind kind)
{
	d->only_denials = !stands_for(name, kind);
	look_up_plain(d, name);
	d->only_denials = false;
	if (kind == SM_ADDRESS_LOOPBACK)
		look_up_text(d, name, SM_STR(at_loopback));
}

static void look_up_names(struct sm_deciding *d, enum sm_address_kind kind)
{
	struct sm_str left = d->request->names;

	while (left.len) {
		struct sm_str name = sm_request_next_name(&left);

		look_up_name(d, name, kind);
	}
	/* The address itself says as much. */
	if (kind == SM_ADDRESS_LOOPBACK)
		look_up_plain(d, SM_STR("localhost"));
}

/* The address, its text, and every name it is known by. */
static void look_up_host(struct sm_deciding *d)
{
	const struct sm_request *r = d->request;
	enum sm_address_kind kind = sm_address_kind_of(r->host);

	look_up_address(d, r->host);
	if (r->access == SM_ACCESS_BIND || kind != SM_ADDRESS_NONE) {
		look_up_plain(d, r->host);
	} else {
		kind = sm_address_kind_of(r->address);
		look_up_address(d, r->address);
		look_up_plain(d, r->address);
		look_up_name(d, r->host, kind);
	}
	if (r->access == SM_ACCESS_CONNECT)
		look_up_names(d, kind);
}

/* Who may connect to a host, wherever it leads, may ask for its address. */
static void look_up_resolve(struct sm_deciding *d)
{
	d->access |= SM_ACCESS_CONNECT;
	look_up_address(d, d->request->host);
	look_up_plain(d, d->request->host);
	look_up_text(d, d->request->host, SM_STR(at_loopback));
	if (d->granted)
		d->granted = d->access;
}

void sm_decide_network(struct sm_deciding *d)
{
	struct sm_str value = d->request->value;

	switch (d->request->access) {
	case SM_ACCESS_SOCKET:
		sm_decide_key(d, SM_ROOT_SOCKET, value);
		return;
	case SM_ACCESS_RESOLVE:
		look_up_resolve(d);
		return;
	}
	if (value.len && value.p[0] == '/')
		sm_decide_path(d, SM_ROOT_UNIX, value);
	else if (value.len && value.p[0] == '@')
		sm_decide_key(d, SM_ROOT_ABSTRACT, value);
	else
		look_up_host(d);
}
