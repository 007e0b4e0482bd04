/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Values as a ring, a hello or a chunk could hold them: what is taken, libcbor
 * takes too and as long, and written again it is the same value.
 */
#include <cbor.h>
#include <stdlib.h>

#include "schema/cbor.h"

enum { ROOM = 64 << 10 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_oracle(const uint8_t *from, const uint8_t *to)
{
	struct cbor_load_result result;
	cbor_item_t *item = cbor_load(from, (size_t)(to - from), &result);

	if (!item || result.read != (size_t)(to - from))
		abort();
	cbor_decref(&item);
}

/* Bytes written; 0: more than there is room for. */
static size_t write_value(const struct sm_value *value, uint8_t out[ROOM])
{
	struct sm_cbor_writer w = { out, out + ROOM, false };

	sm_cbor_put_value(&w, value);
	return w.has_failed ? 0 : (size_t)(w.at - out);
}

static void check_again(const struct sm_value *value)
{
	static uint8_t once[ROOM], twice[ROOM];
	static struct sm_value pool[SM_VALUES_MAX];
	size_t n = write_value(value, once);
	struct sm_cbor_reader r = { once, once + n };
	struct sm_value read;
	uint32_t used = 0;

	if (!n)
		return;
	if (sm_cbor_get_value(&r, &read, pool, &used) || r.at != r.end ||
	    write_value(&read, twice) != n || memcmp(once, twice, n) != 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct sm_value pool[SM_VALUES_MAX];
	struct sm_cbor_reader r = { data, data + size };
	struct sm_value value;

	while (r.at < r.end) {
		const uint8_t *from = r.at;
		uint32_t used = 0;

		if (sm_cbor_get_value(&r, &value, pool, &used))
			break;
		check_oracle(from, r.at);
		check_again(&value);
	}
	return 0;
}
