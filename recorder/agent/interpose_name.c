/* SPDX-License-Identifier: Apache-2.0 */
/*
 * interpose_name.c: what names were asked for, and the answers.
 *
 * socket.connect shows an address where the program said a name. CPython asks
 * getaddrinfo() for all of them (gethostbyname, connect(("name", port)) too);
 * the older functions are for other libraries in the process. Answers go to
 * names.c and, where there is an interpreter, to the recording.
 *
 * The GIL is not held here, and any thread may come.
 */
#include "recorder/agent/agent.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "recorder/agent/interpose.h"

struct answer {
	struct sm_str name;
	uint8_t addresses[SM_ITEMS_MAX][SM_ADDRESS_BYTES];
	uint32_t count, total; /* kept, and all of them */
};

static struct {
	int (*getaddrinfo)(const char *, const char *, const struct addrinfo *,
			   struct addrinfo **);
	struct hostent *(*gethostbyname)(const char *);
	struct hostent *(*gethostbyname2)(const char *, int);
	int (*gethostbyname_r)(const char *, struct hostent *, char *, size_t,
			       struct hostent **, int *);
	int (*gethostbyname2_r)(const char *, int, struct hostent *, char *,
				size_t, struct hostent **, int *);
} real;

void sm_interpose_name_setup(void)
{
	(void)REAL(getaddrinfo);
	(void)REAL(gethostbyname);
	(void)REAL(gethostbyname2);
	(void)REAL(gethostbyname_r);
	(void)REAL(gethostbyname2_r);
}

/* --------------------------------------------------------------- recording */

static void put_text(struct sm_value *value, struct sm_str s)
{
	value->type = sm_utf8_is_valid(s) ? SM_TEXT : SM_BYTES;
	value->s = s.p;
	value->len = s.len < SM_STRING_MAX ? s.len : SM_STRING_MAX;
	value->full_len = s.len;
}

static void put_addresses(struct sm_value *list, struct sm_value *items,
			  const struct answer *a)
{
	static char texts[SM_ITEMS_MAX][SM_ADDRESS_TEXT_MAX];

	for (uint32_t i = 0; i < a->count; i++)
		put_text(&items[i], sm_address_text(a->addresses[i], texts[i]));
	list->type = SM_LIST;
	list->len = a->count;
	list->full_len = a->total;
	list->items = items;
}

/* It tells what is known anyway: the verdict is for the record only. */
static void record(const struct answer *a)
{
	static struct sm_value values[2 + SM_ITEMS_MAX]; /* under the lock */
	static struct sm_record_event record;
	static struct sm_denial unused;
	const struct sm_view view = { .kind = SM_PRINCIPAL_PYTHON };
	struct sm_event *event = &record.event;

	if (!sm_agent.has_ring)
		return;
	memset(&record, 0, sizeof(record));
	memset(values, 0, sizeof(values));
	put_text(&values[0], a->name);
	put_addresses(&values[1], values + 2, a);
	event->seq = ++sm_agent.seq;
	event->time_ns = sm_agent_now_ns();
	event->thread = sm_agent_thread();
	event->site.kind = SM_EVENT_RESOLVED;
	event->site.event = sm_catalogue[SM_EVENT_RESOLVED].name;
	sm_frames_site(&view, &event->site);
	event->args = values;
	event->argc = 2;
	(void)sm_deny_decide(&view, event, &unused);
	sm_agent_store(&view, &record);
}

static void keep(const struct answer *a)
{
	int saved = errno;

	/* In a copy that nobody has noticed yet, the lock may be held. */
	if (!a->count || !sm_agent.is_covered || sm_channel_is_copy())
		return;
	sm_names_answer(a->name, a->addresses[0]);
	if (!sm_agent_lock()) {
		(void)sm_agent_lost();
		return;
	}
	for (uint32_t i = 0; i < a->count; i++)
		sm_names_add(a->name, a->addresses[i]);
	record(a);
	sm_agent_unlock();
	errno = saved;
}

/* ----------------------------------------------------------------- answers */

/* getaddrinfo() says each once a type of socket. */
static void add(struct answer *a, const uint8_t address[SM_ADDRESS_BYTES])
{
	for (uint32_t i = 0; i < a->count; i++)
		if (!memcmp(a->addresses[i], address, SM_ADDRESS_BYTES))
			return;
	a->total++;
	if (a->count < SM_ITEMS_MAX)
		memcpy(a->addresses[a->count++], address, SM_ADDRESS_BYTES);
}

static void add_v4(struct answer *a, const void *address)
{
	uint8_t mapped[SM_ADDRESS_BYTES] = { [10] = 0xff, [11] = 0xff };

	memcpy(mapped + 12, address, 4);
	add(a, mapped);
}

static void keep_list(const char *name, const struct addrinfo *list)
{
	struct answer a = { .name = sm_str_of(name) };

	for (; list; list = list->ai_next) {
		const void *at = list->ai_addr;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;

		if (at && list->ai_family == AF_INET &&
		    list->ai_addrlen >= sizeof(v4)) {
			memcpy(&v4, at, sizeof(v4));
			add_v4(&a, &v4.sin_addr);
		} else if (at && list->ai_family == AF_INET6 &&
			   list->ai_addrlen >= sizeof(v6)) {
			memcpy(&v6, at, sizeof(v6));
			add(&a, v6.sin6_addr.s6_addr);
		}
	}
	keep(&a);
}

static void keep_host(const char *name, const struct hostent *host)
{
	struct answer a = { .name = sm_str_of(name) };

	if (!name || !host || !host->h_addr_list)
		return;
	for (char **at = host->h_addr_list; *at; at++) {
		if (host->h_addrtype == AF_INET && host->h_length == 4)
			add_v4(&a, *at);
		else if (host->h_addrtype == AF_INET6 && host->h_length == 16)
			add(&a, (const uint8_t *)*at);
	}
	keep(&a);
}

/* ------------------------------------------------------------ interposers */

EXPORT int getaddrinfo(const char *name, const char *service,
		       const struct addrinfo *hints, struct addrinfo **result)
{
	int status;

	if (!REAL(getaddrinfo)) {
		errno = ENOSYS;
		return EAI_SYSTEM;
	}
	status = real.getaddrinfo(name, service, hints, result);
	if (!status && name)
		keep_list(name, *result);
	return status;
}

EXPORT struct hostent *gethostbyname(const char *name)
{
	struct hostent *host;

	host = REAL(gethostbyname) ? real.gethostbyname(name) : NULL;
	keep_host(name, host);
	return host;
}

EXPORT struct hostent *gethostbyname2(const char *name, int family)
{
	struct hostent *host;

	host = REAL(gethostbyname2) ? real.gethostbyname2(name, family) : NULL;
	keep_host(name, host);
	return host;
}

EXPORT int gethostbyname_r(const char *restrict name,
			   struct hostent *restrict buffer, char *restrict text,
			   size_t bytes, struct hostent **restrict result,
			   int *restrict error)
{
	int status;

	if (!REAL(gethostbyname_r))
		return ENOSYS;
	status = real.gethostbyname_r(name, buffer, text, bytes, result, error);
	if (!status)
		keep_host(name, *result);
	return status;
}

EXPORT int gethostbyname2_r(const char *restrict name, int family,
			    struct hostent *restrict buffer,
			    char *restrict text, size_t bytes,
			    struct hostent **restrict result,
			    int *restrict error)
{
	int status;

	if (!REAL(gethostbyname2_r))
		return ENOSYS;
	status = real.gethostbyname2_r(name, family, buffer, text, bytes,
				       result, error);
	if (!status)
		keep_host(name, *result);
	return status;
}
