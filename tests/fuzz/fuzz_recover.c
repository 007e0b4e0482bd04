/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as the pages of a damaged trace: refused, or a trace that opens and
 * reads to its end.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "schema/trace.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char path[] = "/tmp/fuzz_recover.XXXXXX";
static char out[sizeof(path) + 4];

static void remove_files(void)
{
	unlink(path);
	unlink(out);
}

static bool write_file(const uint8_t *data, size_t size)
{
	static int fd = -1;

	if (fd < 0) {
		fd = mkstemp(path);
		snprintf(out, sizeof(out), "%s.db", path);
		atexit(remove_files);
	}
	return fd >= 0 && !ftruncate(fd, 0) &&
	       pwrite(fd, data, size, 0) == (ssize_t)size;
}

static void read_all(void)
{
	struct sm_trace *trace;
	struct sm_trace_cursor *cursor;
	const struct sm_event *event;
	enum sm_status status;
	struct sm_diag diag;
	uint32_t site;

	/* What was recovered is a trace. */
	if (sm_trace_open(out, &trace, &diag))
		abort();
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
	struct sm_trace_recovered result;
	struct sm_diag diag;

	if (!write_file(data, size))
		return 0;
	unlink(out);
	if (!sm_trace_recover(path, out, &result, &diag))
		read_all();
	return 0;
}
