/* SPDX-License-Identifier: Apache-2.0 */
/* A ring's memory as a hostile guest could leave it, at both its ends. */
#include <stdlib.h>

#include "recorder/ring.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_all(struct sm_ring_reader *reader, uint64_t tail)
{
	static uint8_t out[SM_RECORD_MAX];
	uint32_t bytes;
	int records = 0;

	reader->tail = tail;
	reader->released = tail & ~(uint64_t)4095;
	reader->is_tainted = false;
	atomic_store(&reader->control->tail, reader->released);
	while (records++ < 10000 && !sm_ring_read(reader, out, &bytes))
		if (!bytes || bytes > SM_RECORD_MAX)
			abort();
	sm_ring_release(reader, 4096);
	if (atomic_load(&reader->control->tail) > reader->tail)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static _Alignas(4096) uint8_t memory[SM_RING_BYTES_MIN];
	static struct sm_ring_header header;
	static struct sm_ring_control control;
	struct sm_ring_reader reader = {
		.header = &header,
		.control = &control,
		.data = memory,
		.data_bytes = sizeof(memory),
	};
	size_t n = size < sizeof(memory) ? size : sizeof(memory);

	memset(memory, 0, sizeof(memory));
	memcpy(memory, data, n);
	if (n >= 8)
		memcpy(&header.head, data, 8);
	read_all(&reader, 0);
	/* The same bytes before the end, where nothing may reach beyond. */
	n &= ~(size_t)7;
	if (n)
		memmove(memory + sizeof(memory) - n, data, n);
	read_all(&reader, sizeof(memory) - n);
	return 0;
}
