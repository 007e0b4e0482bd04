/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/request_build.h"

#include <sys/socket.h>

/* Decimal port, or -1. */
static int32_t port_of(const struct sm_value *v)
{
	if (v && v->type == SM_INT && v->i >= 0 && v->i <= 65535)
		return (int32_t)v->i;
	return -1;
}

static char *put_port(char *at, int32_t port)
{
	char digits[8];
	unsigned n = 0;

	do
		digits[n++] = (char)('0' + port % 10);
	while ((port /= 10));
	while (n)
		*at++ = digits[--n];
	return at;
}

/* "host:port", "[v6]:port", or "host" without a port. */
static void name_peer(struct sm_request_build *b, struct sm_request *r)
{
	bool has_colon = sm_str_has(r->host, ':');
	char *start = sm_request_text(b), *at = start;

	if (has_colon)
		*at++ = '[';
	at = sm_request_put(at, r->host);
	if (has_colon)
		*at++ = ']';
	if (r->port >= 0) {
		*at++ = ':';
		at = put_port(at, r->port);
	}
	r->value = (struct sm_str){ start, (uint32_t)(at - start) };
}

static void unix_peer(struct sm_request_build *b, struct sm_request *r,
		      struct sm_str name)
{
	char *at;

	if (!name.len) { /* autobind, or unnamed */
		r->value = SM_STR("@");
	} else if (name.p[0] == '\0') {
		at = sm_request_text(b);
		at[0] = '@';
		memcpy(at + 1, name.p + 1, name.len - 1);
		r->value = (struct sm_str){ at, name.len };
	} else if (b->event->resolved[0].len) {
		r->value = b->event->resolved[0];
	} else {
		r->value = name;
		r->cut = !sm_path_is_canonical(name);
	}
}

/* Of these each address is decided: one that cannot be read is none. */
static bool is_ordinary(struct sm_str kind)
{
	return sm_str_equal(kind, SM_STR("tcp")) ||
	       sm_str_equal(kind, SM_STR("udp")) ||
	       sm_str_equal(kind, SM_STR("unix"));
}

/* Python's own spellings of addresses: "" for any, and "<broadcast>" (socket,
 * "Socket families"). Only of four items it is known that they are IPv6. */
static struct sm_str host_of(const struct sm_value *address)
{
	struct sm_str host = sm_value_str(&address->items[0]);

	if (!host.len)
		return address->len > 2 ? SM_STR("::") : SM_STR("0.0.0.0");
	return sm_str_equal(host, SM_STR("<broadcast>"))
		       ? SM_STR("255.255.255.255")
		       : host;
}

/* socket.connect, bind, sendto, sendmsg: (socket, address). */
void sm_request_peer(struct sm_request_build *b, uint32_t access)
{
	const struct sm_value *v = sm_request_arg(b, SM_ROLE_ADDRESS);
	const struct sm_value *socket = sm_request_arg(b, SM_ROLE_SOCKET);
	struct sm_request *r;

	if (!v || v->type == SM_NONE)
		return; /* sendmsg on a connected socket */
	r = sm_request_add(b, SM_FAMILY_NETWORK, access);
	r->proto = socket ? sm_value_str(socket) : (struct sm_str){ "", 0 };
	if (sm_value_is_string(v) && !sm_value_is_cut(v)) {
		unix_peer(b, r, sm_value_str(v));
		return;
	}
	if (v->type == SM_LIST && v->len >= 2 &&
	    sm_value_is_string(&v->items[0]) &&
	    !sm_value_is_cut(&v->items[0]) && port_of(&v->items[1]) >= 0) {
		r->host = host_of(v);
		r->port = port_of(&v->items[1]);
		if (access == SM_ACCESS_CONNECT) {
			r->address = b->event->resolved[0];
			r->names = b->event->resolved[1];
		}
		name_peer(b, r);
		return;
	}
	/* netlink, packet, vsock: the socket's kind is the resource */
	r->access = SM_ACCESS_SOCKET;
	r->value = r->proto;
	r->cut = !r->value.len || is_ordinary(r->proto);
}

struct sm_str sm_request_next_name(struct sm_str *names)
{
	const char *space = memchr(names->p, ' ', names->len);
	uint32_t n = space ? (uint32_t)(space - names->p) : names->len;
	struct sm_str name = { names->p, n };

	n += space != NULL;
	names->p += n;
	names->len -= n;
	return name;
}

/* Text that inet_pton(3) or inet_aton(3) would take: no resolver is asked. */
static bool is_numeric(struct sm_str host)
{
	bool has_colon = sm_str_has(host, ':');

	for (uint32_t i = 0; i < host.len; i++) {
		char c = host.p[i];

		if (has_colon && c == '%')
			return true; /* a scope id follows */
		if ((c >= '0' && c <= '9') || c == '.')
			continue;
		if (has_colon && (c == ':' || (c >= 'a' && c <= 'f') ||
				  (c >= 'A' && c <= 'F')))
			continue;
		return false;
	}
	return true;
}

void sm_request_resolve(struct sm_request_build *b)
{
	const struct sm_value *v = sm_request_arg(b, SM_ROLE_HOST);
	struct sm_request *r;

	if (!v)
		v = sm_request_arg(b, SM_ROLE_ADDRESS);
	if (v && v->type == SM_LIST && v->len)
		v = &v->items[0];
	if (!v || v->type == SM_NONE ||
	    (sm_value_is_string(v) && !sm_value_is_cut(v) &&
	     is_numeric(sm_value_str(v))))
		return;
	r = sm_request_add(b, SM_FAMILY_NETWORK, SM_ACCESS_RESOLVE);
	r->host = r->value = sm_value_str(v);
	/* Of getaddrinfo's the C library takes what stands before a NUL. */
	r->cut = !sm_value_is_string(v) || sm_value_is_cut(v) ||
		 sm_str_has(r->host, '\0');
}

/* Ordinary stream and datagram sockets are decided when they are used. */
void sm_request_socket(struct sm_request_build *b)
{
	const struct sm_value *family = sm_request_arg(b, SM_ROLE_FAMILY);
	const struct sm_value *type = sm_request_arg(b, SM_ROLE_SOCK_TYPE);
	bool is_unknown = !family || !type || family->type != SM_INT ||
			  type->type != SM_INT;
	struct sm_request *r;

	if (!is_unknown && family->i == -1)
		return; /* socket(fileno=fd) */
	if (!is_unknown &&
	    (family->i == AF_INET || family->i == AF_INET6 ||
	     family->i == AF_UNIX) &&
	    (type->i & 0xf) != SOCK_RAW)
		return;
	r = sm_request_add(b, SM_FAMILY_NETWORK, SM_ACCESS_SOCKET);
	if (!is_unknown && family->i == AF_NETLINK)
		r->value = SM_STR("netlink");
	else if (!is_unknown && family->i == AF_PACKET)
		r->value = SM_STR("packet");
	else if (!is_unknown && (family->i == AF_INET || family->i == AF_INET6))
		r->value = SM_STR("raw");
	else
		r->value = SM_STR("socket");
}
