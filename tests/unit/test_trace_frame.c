/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/trace/frame.h"

#include <cbor.h>

#include "tests/unit/trace_data.h"

enum { PARTS = 5 };

/* Parts 1 to 4 with contents on both sides of every width of a length. */
static const size_t lengths[PARTS] = { 0, 0, 23, 24, 70000 };

static struct sm_bytes make_frame(void)
{
	struct sm_bytes out = { 0 };

	sm_frame_put_head(&out, PARTS - 1);
	for (unsigned i = 1; i < PARTS; i++) {
		struct sm_bytes content = { 0 };

		for (size_t k = 0; k < lengths[i]; k++)
			sm_bytes_put_byte(&content, (uint8_t)(i + k));
		sm_frame_put(&out, i, i - 1, &content);
		sm_bytes_fini(&content);
	}
	assert_false(out.has_failed);
	return out;
}

static void a_frame_is_read_back(void **state)
{
	struct sm_frame_part parts[PARTS] = { 0 };
	struct sm_bytes frame = make_frame();

	(void)state;
	assert_int_equal(sm_frame_get(frame.p, frame.len, parts, PARTS), SM_OK);
	for (unsigned i = 1; i < PARTS; i++) {
		const struct sm_bytes_reader *r = &parts[i].content;

		assert_int_equal(parts[i].encoding, i - 1);
		assert_int_equal(r->end - r->at, lengths[i]);
		for (size_t k = 0; k < lengths[i]; k++)
			assert_int_equal(r->at[k], (uint8_t)(i + k));
	}
	sm_bytes_fini(&frame);
}

static void another_decoder_reads_it(void **state)
{
	struct sm_bytes frame = make_frame();
	struct cbor_load_result result;
	cbor_item_t *item = cbor_load(frame.p, frame.len, &result);

	(void)state;
	assert_non_null(item);
	assert_int_equal(result.read, frame.len);
	assert_true(cbor_map_is_definite(item));
	assert_int_equal(cbor_map_size(item), PARTS - 1);
	for (unsigned i = 1; i < PARTS; i++) {
		struct cbor_pair pair = cbor_map_handle(item)[i - 1];
		cbor_item_t *encoding = cbor_array_get(pair.value, 0);
		cbor_item_t *content = cbor_array_get(pair.value, 1);

		assert_int_equal(cbor_get_int(pair.key), i);
		assert_int_equal(cbor_get_int(encoding), i - 1);
		assert_int_equal(cbor_bytestring_length(content), lengths[i]);
		cbor_decref(&encoding);
		cbor_decref(&content);
	}
	cbor_decref(&item);
	sm_bytes_fini(&frame);
}

static void every_short_prefix_is_refused(void **state)
{
	struct sm_bytes frame = make_frame();

	(void)state;
	for (size_t n = 0; n < frame.len; n += n < 100 ? 1 : 997) {
		struct sm_frame_part parts[PARTS] = { 0 };
		uint8_t *copy = malloc(n + !n); /* its end is watched */

		memcpy(copy, frame.p, n);
		assert_int_equal(sm_frame_get(copy, n, parts, PARTS),
				 SM_DAMAGED);
		free(copy);
	}
	sm_bytes_fini(&frame);
}

#define CASE(text, status)                                                     \
	{                                                                      \
		(const uint8_t *)(text), sizeof(text) - 1, status              \
	}

/* Of two parts, 1 and 2. */
static const struct {
	const uint8_t *p;
	size_t n;
	enum sm_status status;
} cases[] = {
	CASE("\xa0", SM_OK),
	CASE("\xa1\x01\x82\x00\x40", SM_OK),
	CASE("\xa1\x02\x82\x00\x41x", SM_OK),
	CASE("\xa2\x02\x82\x00\x40\x01\x82\x00\x40", SM_OK),
	/* wider heads than needed */
	CASE("\xb8\x01\x18\x01\x98\x02\x18\x00\x58\x00", SM_OK),
	CASE("\xa1\x1b\0\0\0\0\0\0\0\x01\x82\x00\x5a\0\0\0\0", SM_OK),
	/* part 0, a part too many, more pairs than parts, one twice */
	CASE("\xa1\x00\x82\x00\x40", SM_DAMAGED),
	CASE("\xa1\x03\x82\x00\x40", SM_DAMAGED),
	CASE("\xa3\x01\x82\x00\x40\x02\x82\x00\x40\x03\x82\x00\x40",
	     SM_DAMAGED),
	CASE("\xa2\x01\x82\x00\x40\x01\x82\x00\x40", SM_DAMAGED),
	CASE("\xbb\xff\xff\xff\xff\xff\xff\xff\xff", SM_DAMAGED),
	/* behind its end; indefinite lengths */
	CASE("\xa0\x00", SM_DAMAGED),
	CASE("\xbf\x01\x82\x00\x40\xff", SM_DAMAGED),
	CASE("\xa1\x01\x9f\x00\x40\xff", SM_DAMAGED),
	CASE("\xa1\x01\x82\x00\x5f\x41x\xff", SM_DAMAGED),
	/* other kinds */
	CASE("\x82\x00\x40", SM_DAMAGED),
	CASE("\xa1\x20\x82\x00\x40", SM_DAMAGED),
	CASE("\xa1\x01\x81\x00", SM_DAMAGED),
	CASE("\xa1\x01\x83\x00\x40\x00", SM_DAMAGED),
	CASE("\xa1\x01\x82\x00\x61x", SM_DAMAGED),
	CASE("\xa1\x01\x82\x40\x40", SM_DAMAGED),
	CASE("\xc1\xa1\x01\x82\x00\x40", SM_DAMAGED),
	CASE("\xa1\x01\x82\x00\xf6", SM_DAMAGED),
	/* lengths with nothing behind them, and reserved heads */
	CASE("\xa1\x01\x82\x00\x5b\xff\xff\xff\xff\xff\xff\xff\xff",
	     SM_DAMAGED),
	CASE("\xa1\x01\x82\x00\x5a\xff\xff\xff\xffx", SM_DAMAGED),
	CASE("\xa1\x01\x82\x00\x5c", SM_DAMAGED),
};

static void only_the_form_is_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sm_frame_part parts[3] = { 0 };
		enum sm_status got =
			sm_frame_get(cases[i].p, cases[i].n, parts, 3);

		if (got != cases[i].status)
			fail_msg("case %zu: %d", i, got);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_frame_is_read_back),
		cmocka_unit_test(another_decoder_reads_it),
		cmocka_unit_test(every_short_prefix_is_refused),
		cmocka_unit_test(only_the_form_is_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
