/* SPDX-License-Identifier: Apache-2.0 */
/*
 * address.h: internet addresses as text, as bytes, and where they lead.
 */
#ifndef SCHEMA_ADDRESS_H
#define SCHEMA_ADDRESS_H

#include "schema/value.h"

#define SM_ADDRESS_BYTES 16 /* IPv4 as ::ffff:a.b.c.d, RFC 4291 2.5.5.2 */

/*
 * Reads what inet_pton(3) or inet_aton(3) would take ("127.1" included); a
 * zone (%eth0) is cut off. False: host is a name.
 */
bool sm_address_parse(struct sm_str host, uint8_t out[SM_ADDRESS_BYTES]);

#define SM_ADDRESS_TEXT_MAX 46 /* INET6_ADDRSTRLEN */

/* As inet_ntop(3) writes it; out has room for SM_ADDRESS_TEXT_MAX bytes. */
struct sm_str sm_address_text(const uint8_t address[SM_ADDRESS_BYTES],
			      char *out);

/* Sources: IANA's special-purpose address registries; RFC 6890, 6052. */
enum sm_address_kind {
	SM_ADDRESS_NONE, /* no address: a name */
	SM_ADDRESS_PUBLIC,
	SM_ADDRESS_PRIVATE,  /* RFC 1918, 4193, 6598 */
	SM_ADDRESS_LOOPBACK, /* 0.0.0.0 and :: too: the kernel connects there */
	/* Link-local, and where clouds keep their metadata services. */
	SM_ADDRESS_METADATA,
	SM_ADDRESS_OTHER, /* multicast, broadcast, reserved */
};

/* The kind of what stands there; SM_ADDRESS_NONE for names. */
enum sm_address_kind sm_address_kind_of(struct sm_str host);

#endif
