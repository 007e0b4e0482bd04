/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hello.c: what an agent says first, and where it says it. Runs inside the
 * guest: no allocation, no stdio.
 */
#include "recorder/channel.h"

#include <limits.h>
#include <stddef.h>

#include "schema/cbor.h"
#include "schema/path.h"

#define HELLO_ITEMS 8

static uint32_t put(uint8_t *out, uint32_t room, const struct sm_hello *hello,
		    uint32_t argc)
{
	struct sm_cbor_writer w = { .at = out, .end = out + room };
	uint32_t i;

	sm_cbor_put_array(&w, HELLO_ITEMS);
	sm_cbor_put_uint(&w, SM_CHANNEL_VERSION);
	sm_cbor_put_uint(&w, hello->reason);
	sm_cbor_put_uint(&w, hello->guest_pid);
	sm_cbor_put_uint(&w, hello->time_ns);
	sm_cbor_put_str(&w, hello->exe);
	sm_cbor_put_str(&w, hello->cwd);
	sm_cbor_put_array(&w, argc);
	for (i = 0; i < argc; i++)
		sm_cbor_put_value(&w, &hello->argv[i]);
	sm_cbor_put_array(&w, hello->named.count);
	for (i = 0; i < hello->named.count; i++)
		sm_cbor_put_str(&w, hello->named.paths[i]);
	return w.has_failed ? 0 : (uint32_t)(w.at - out);
}

uint32_t sm_hello_put(uint8_t *out, uint32_t room, const struct sm_hello *h)
{
	uint32_t argc = h->argc < SM_ITEMS_MAX ? h->argc : SM_ITEMS_MAX;
	uint32_t bytes;

	if (room > SM_HELLO_MAX)
		room = SM_HELLO_MAX;
	bytes = put(out, room, h, argc);
	while (!bytes && argc) {
		argc /= 2;
		bytes = put(out, room, h, argc);
	}
	return bytes;
}

static enum sm_status get_argument(struct sm_cbor_reader *r,
				   struct sm_value *value)
{
	struct sm_value pool[SM_VALUES_MAX];
	uint32_t used = 0;
	enum sm_status status = sm_cbor_get_value(r, value, pool, &used);

	if (!status && !sm_value_is_string(value))
		status = SM_DAMAGED;
	return status;
}

static enum sm_status get_argv(struct sm_cbor_reader *r, struct sm_hello *hello)
{
	uint64_t argc;
	uint32_t i;
	enum sm_status status = sm_cbor_get_array(r, SM_ITEMS_MAX, &argc);

	for (i = 0; !status && i < argc; i++)
		status = get_argument(r, &hello->argv[i]);
	if (!status)
		hello->argc = (uint32_t)argc;
	return status;
}

static enum sm_status get_named(struct sm_cbor_reader *r,
				struct sm_named *named)
{
	uint64_t count;
	uint32_t i;
	enum sm_status status = sm_cbor_get_array(r, SM_NAMED_MAX, &count);

	for (i = 0; !status && i < count; i++) {
		status = sm_cbor_get_str(r, &named->paths[i], NULL);
		if (!status && !sm_named_is_valid(named->paths[i]))
			status = SM_DAMAGED;
	}
	if (!status)
		named->count = (uint32_t)count;
	return status;
}

static enum sm_status get_start(struct sm_cbor_reader *r,
				struct sm_hello *hello)
{
	uint64_t items, version, reason, pid;

	if (sm_cbor_get_array(r, HELLO_ITEMS, &items) || items != HELLO_ITEMS ||
	    sm_cbor_get_uint(r, UINT32_MAX, &version))
		return SM_DAMAGED;
	if (version != SM_CHANNEL_VERSION)
		return SM_VERSION;
	if (sm_cbor_get_uint(r, SM_HELLO_RELOAD, &reason) ||
	    sm_cbor_get_uint(r, INT32_MAX, &pid) ||
	    sm_cbor_get_uint(r, UINT64_MAX, &hello->time_ns))
		return SM_DAMAGED;
	hello->reason = (enum sm_hello_reason)reason;
	hello->guest_pid = (uint32_t)pid;
	return SM_OK;
}

enum sm_status sm_hello_get(const uint8_t *bytes, uint32_t len,
			    struct sm_hello *hello)
{
	struct sm_cbor_reader r = { .at = bytes, .end = bytes + len };
	enum sm_status status;

	memset(hello, 0, sizeof(*hello));
	if (len > SM_HELLO_MAX)
		return SM_LIMIT;
	status = get_start(&r, hello);
	if (!status)
		status = sm_cbor_get_str(&r, &hello->exe, NULL);
	if (!status)
		status = sm_cbor_get_str(&r, &hello->cwd, NULL);
	if (!status)
		status = get_argv(&r, hello);
	if (!status)
		status = get_named(&r, &hello->named);
	if (!status && r.at != r.end)
		status = SM_DAMAGED;
	return status;
}

/* ---------------------------------------------------------------- address */

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return 16;
}

/* A number in base up to ':', which is skipped. */
static enum sm_status get_number(const char **text, unsigned base, uint64_t max,
				 uint64_t *value)
{
	const char *p = *text;

	*value = 0;
	for (; *p && *p != ':'; p++) {
		unsigned d = (unsigned)digit(*p);

		if (d >= base || *value > (max - d) / base)
			return SM_INVALID;
		*value = *value * base + d;
	}
	if (p == *text || *p != ':')
		return SM_INVALID;
	*text = p + 1;
	return SM_OK;
}

/* Two digits a byte, and the ':' behind them. */
static bool get_key(const char **text, uint8_t key[SM_DIGEST_KEY_BYTES])
{
	const char *p = *text;

	for (unsigned i = 0; i < SM_DIGEST_KEY_BYTES; i++, p += 2) {
		int high = digit(p[0]), low = high < 16 ? digit(p[1]) : 16;

		if (low >= 16)
			return false;
		key[i] = (uint8_t)(high << 4 | low);
	}
	*text = p + 1;
	return *p == ':';
}

enum sm_status sm_channel_parse(const char *text,
				struct sm_channel_address *address)
{
	uint64_t fd, flags;

	memset(address, 0, sizeof(*address));
	address->fd = -1;
	if (get_number(&text, 16, UINT64_MAX, &address->dev) ||
	    get_number(&text, 16, UINT64_MAX, &address->ino) ||
	    get_number(&text, 10, INT_MAX, &fd) ||
	    get_number(&text, 16, UINT32_MAX, &flags) ||
	    !get_key(&text, address->key) || *text != '/' ||
	    strlen(text) >= SM_CHANNEL_PATH_MAX)
		return SM_INVALID;
	address->fd = (int)fd;
	address->flags = (uint32_t)flags;
	address->path = text;
	return SM_OK;
}

static void put_text(char **at, const char *end, const char *text, size_t len)
{
	if (!*at || (size_t)(end - *at) < len) {
		*at = NULL;
		return;
	}
	memcpy(*at, text, len);
	*at += len;
}

static void put_number(char **at, const char *end, unsigned base,
		       uint64_t value)
{
	char digits[24];
	size_t n = sizeof(digits);

	digits[--n] = ':';
	do {
		digits[--n] = "0123456789abcdef"[value % base];
		value /= base;
	} while (value);
	put_text(at, end, digits + n, sizeof(digits) - n);
}

static void put_key(char **at, const char *end,
		    const uint8_t key[SM_DIGEST_KEY_BYTES])
{
	char text[2 * SM_DIGEST_KEY_BYTES + 1];

	for (unsigned i = 0; i < SM_DIGEST_KEY_BYTES; i++) {
		text[2 * i] = "0123456789abcdef"[key[i] >> 4];
		text[2 * i + 1] = "0123456789abcdef"[key[i] & 15];
	}
	text[sizeof(text) - 1] = ':';
	put_text(at, end, text, sizeof(text));
}

uint32_t sm_channel_print(const struct sm_channel_address *address, char *out,
			  uint32_t room)
{
	const char *end = out + room;
	char *at = out;

	put_number(&at, end, 16, address->dev);
	put_number(&at, end, 16, address->ino);
	put_number(&at, end, 10, (uint64_t)address->fd);
	put_number(&at, end, 16, address->flags);
	put_key(&at, end, address->key);
	put_text(&at, end, address->path, strlen(address->path) + 1);
	return at ? (uint32_t)(at - out - 1) : 0;
}

socklen_t sm_channel_name(const char *path, struct sockaddr_un *address)
{
	size_t n = strlen(path);

	address->sun_family = AF_UNIX;
	address->sun_path[0] = '\0';
	memcpy(address->sun_path + 1, path, n);
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + n);
}
