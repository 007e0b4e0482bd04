/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Blobs and files of a trace as a stranger could send them. The first byte
 * chooses: a raw block, a raw list, a packed block, an argv; or it is that of
 * "SQLite format 3", and all is a file.
 */
#include <stdlib.h>
#include <unistd.h>

#include "schema/cbor.h"
#include "schema/trace.h"
#include "schema/trace/argv.h"
#include "schema/trace/order.h"
#include "tests/unit/trace_scan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_scan(const uint8_t *data, size_t size, uint32_t events)
{
	static struct sm_scan s;
	const uint64_t *values;
	struct sm_block head;

	if (!scan_all(&s, data, size, events, &head))
		for (uint32_t g = 0; g < head.group_count; g++)
			(void)!sm_scan_values(&s, &head, g, &values);
	sm_block_fini(&head);
}

static void try_block(const uint8_t *data, size_t size)
{
	struct sm_block block;
	uint32_t *order;

	/* The first byte stands for the row's count of events. */
	if (!size)
		return;
	try_scan(data + 1, size - 1, data[0] + 1u);
	if (sm_block_decode(data + 1, size - 1, data[0] + 1u, 1000, &block))
		return;
	if (!sm_block_order(&block, &order))
		free(order);
	sm_block_fini(&block);
}

static void try_list(const uint8_t *data, size_t size)
{
	struct sm_bytes cbor = { .p = (uint8_t *)data, .len = size };
	struct sm_bytes_reader r;

	for (int list = SM_LIST_EVENTS; list <= SM_LIST_SITES; list++)
		if (sm_block_list(&cbor, list, &r))
			while (r.at < r.end)
				(void)sm_bytes_get_varint(&r);
}

static void try_packed(const uint8_t *data, size_t size)
{
	static ZSTD_DCtx *zstd;
	struct sm_bytes out = { 0 };

	if (!zstd)
		zstd = sm_unpack_new();
	if (zstd && !sm_unpack(zstd, data, size, -1, SM_CHUNK_RAW_MAX, &out))
		try_block(out.p, out.len);
	sm_bytes_fini(&out);
}

static void try_argv(const uint8_t *data, size_t size)
{
	struct sm_str argv[16];
	char *text = malloc(size + 1);

	if (!text)
		return;
	memcpy(text, data, size);
	(void)sm_argv_get(text, size, argv, 16);
	free(text);
}

static char path[] = "/tmp/fuzz_trace.XXXXXX";

static void remove_file(void)
{
	unlink(path);
}

/* SQLite wants a name, so it is a file; one per run. */
static bool write_file(const uint8_t *data, size_t size)
{
	static int fd = -1;

	if (fd < 0) {
		fd = mkstemp(path);
		atexit(remove_file);
	}
	return fd >= 0 && !ftruncate(fd, 0) &&
	       pwrite(fd, data, size, 0) == (ssize_t)size;
}

static void try_file(const uint8_t *data, size_t size)
{
	struct sm_trace *trace;
	struct sm_trace_cursor *cursor;
	const struct sm_event *event;
	enum sm_status status;
	struct sm_diag diag;
	struct sm_trace_verified verified;
	uint32_t site;

	if (!write_file(data, size))
		return;
	(void)!sm_trace_verify(path, NULL, NULL, NULL, &verified, &diag);
	if (sm_trace_open(path, &trace, &diag))
		return;
	if (!sm_trace_events(trace, NULL, &cursor, &diag)) {
		do
			status = sm_trace_next(cursor, &event, &site, &diag);
		while (status == SM_OK || status == SM_DAMAGED);
		sm_trace_cursor_free(cursor);
	}
	sm_trace_close(trace);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const tries[])(const uint8_t *data, size_t size) = {
		try_block,
		try_list,
		try_packed,
		try_argv,
	};
	uint8_t *copy;

	if (size && data[0] == 'S')
		try_file(data, size);
	if (!size || data[0] >= sizeof(tries) / sizeof(tries[0]))
		return 0;
	/* Exactly as long as it is, so that the sanitizer sees over-reads. */
	copy = malloc(size);
	if (!copy)
		return 0;
	memcpy(copy, data + 1, size - 1);
	tries[data[0]](copy, size - 1);
	free(copy);
	return 0;
}
