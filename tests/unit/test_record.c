/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cbor.h>
#include <cmocka.h>

#include "recorder/record.h"

static uint8_t buffer[64 << 10];

static const struct sm_value inner[] = {
	{ .type = SM_TEXT, .len = 9, .full_len = 9, .s = "127.0.0.1" },
	{ .type = SM_INT, .i = 5432 },
	{ .type = SM_TEXT, .len = 3, .full_len = 3000, .s = "cut" },
};

static const struct sm_value all_types[] = {
	{ .type = SM_NONE },
	{ .type = SM_FALSE },
	{ .type = SM_TRUE },
	{ .type = SM_INT, .i = INT64_MIN },
	{ .type = SM_FLOAT, .f = -0.5 },
	{ .type = SM_TEXT, .len = 5, .full_len = 5, .s = "/\xc3\xa4/b" },
	{ .type = SM_BYTES, .len = 2, .full_len = 2, .s = "\xff\x00" },
	{ .type = SM_LIST, .len = 3, .full_len = 70, .items = inner },
	{ .type = SM_OPAQUE, .len = 6, .full_len = 6, .s = "object" },
	{ .type = SM_DIGEST, .full_len = 4096, .i = -2 },
};

static struct sm_record_event sample(void)
{
	struct sm_record_event r = { .caller = 7, .owner = 9 };

	r.event.seq = 41;
	r.event.time_ns = UINT64_MAX;
	r.event.thread = 4711;
	r.event.site.kind = SM_EVENT_SOCKET_CONNECT;
	r.event.site.line = 12;
	r.event.site.via = SM_VIA_TRACEBACK;
	r.event.site.principal.kind = SM_PRINCIPAL_DYNAMIC;
	r.event.args = all_types;
	r.event.argc = sizeof(all_types) / sizeof(all_types[0]);
	r.event.resolved[0] = SM_STR("/srv/a");
	r.event.resolved[1] = SM_STR("/srv/\xff");
	r.event.verdict.decision = SM_DENIED;
	r.event.verdict.rule = SM_STR("f7");
	r.event.shadow.decision = SM_WARNED;
	r.event.shadow.rule = SM_STR("f8");
	return r;
}

static void assert_same_value(const struct sm_value *a,
			      const struct sm_value *b)
{
	assert_int_equal(a->type, b->type);
	assert_int_equal(a->len, b->len);
	assert_int_equal(a->full_len, b->full_len);
	if (a->type == SM_LIST) {
		for (uint32_t i = 0; i < a->len; i++)
			assert_same_value(&a->items[i], &b->items[i]);
	} else if (sm_value_is_string(a) || a->type == SM_OPAQUE) {
		assert_memory_equal(a->s, b->s, a->len);
	} else if (a->type == SM_INT || a->type == SM_DIGEST) {
		assert_true(a->i == b->i);
	} else if (a->type == SM_FLOAT) {
		assert_true(a->f == b->f);
	}
}

static void an_event_survives_the_ring(void **state)
{
	struct sm_record_event want = sample();
	struct sm_value values[SM_VALUES_MAX];
	struct sm_record got;
	uint32_t n = sm_record_put_event(buffer, sizeof(buffer), &want);

	(void)state;
	assert_true(n > 0);
	assert_int_equal(sm_record_get(buffer, n, values, &got), SM_OK);
	assert_int_equal(got.type, SM_RECORD_EVENT);
	assert_int_equal(got.event.caller, 7);
	assert_int_equal(got.event.owner, 9);
	assert_true(got.event.event.time_ns == UINT64_MAX);
	assert_int_equal(got.event.event.seq, 41);
	assert_int_equal(got.event.event.site.kind, SM_EVENT_SOCKET_CONNECT);
	assert_true(sm_str_equal(got.event.event.site.event,
				 SM_STR("socket.connect")));
	assert_int_equal(got.event.event.site.principal.kind,
			 SM_PRINCIPAL_DYNAMIC);
	assert_true(sm_str_equal(got.event.event.resolved[1],
				 want.event.resolved[1]));
	assert_int_equal(got.event.event.verdict.decision, SM_DENIED);
	assert_true(sm_str_equal(got.event.event.verdict.rule, SM_STR("f7")));
	assert_int_equal(got.event.event.shadow.decision, SM_WARNED);
	assert_true(sm_str_equal(got.event.event.shadow.rule, SM_STR("f8")));
	assert_int_equal(got.event.event.argc, want.event.argc);
	for (uint32_t i = 0; i < want.event.argc; i++)
		assert_same_value(&want.event.args[i],
				  &got.event.event.args[i]);
}

static void every_short_prefix_is_refused(void **state)
{
	struct sm_record_event want = sample();
	struct sm_value values[SM_VALUES_MAX];
	struct sm_record got;
	uint32_t n = sm_record_put_event(buffer, sizeof(buffer), &want);

	(void)state;
	for (uint32_t i = 0; i < n; i++) {
		uint8_t *copy = malloc(i ? i : 1); /* exact: ASan sees reads */

		assert_non_null(copy);
		memcpy(copy, buffer, i);
		assert_int_equal(sm_record_get(copy, i, values, &got),
				 SM_DAMAGED);
		free(copy);
	}
}

static void an_encoder_without_room_gives_nothing(void **state)
{
	struct sm_record_event want = sample();
	uint32_t n = sm_record_put_event(buffer, sizeof(buffer), &want);

	(void)state;
	for (uint32_t room = 0; room < n; room++) {
		uint8_t *out = malloc(room ? room : 1);

		assert_non_null(out);
		assert_int_equal(sm_record_put_event(out, room, &want), 0);
		free(out);
	}
	assert_int_equal(sm_record_put_event(buffer, n, &want), n);
}

static void flipped_bits_never_read_outside(void **state)
{
	struct sm_record_event want = sample();
	struct sm_value values[SM_VALUES_MAX];
	struct sm_record got;
	uint32_t n = sm_record_put_event(buffer, sizeof(buffer), &want);
	unsigned refused = 0;

	(void)state;
	for (uint32_t bit = 0; bit < 8 * n; bit++) {
		uint8_t *copy = malloc(n);

		assert_non_null(copy);
		memcpy(copy, buffer, n);
		copy[bit / 8] ^= (uint8_t)(1 << bit % 8);
		refused += sm_record_get(copy, n, values, &got) != SM_OK;
		free(copy);
	}
	assert_true(refused > 0);
}

static void other_records_survive_the_ring(void **state)
{
	struct sm_record_code code = { 3, SM_STR("/a.py"), SM_STR("f"),
				       SM_STR("requests"),
				       SM_PRINCIPAL_DISTRIBUTION };
	struct sm_trace_interpreter in = { SM_STR("3.11.2"),
					   SM_STR("/usr/lib/python3.11"),
					   SM_STR("/usr"), SM_STR("/root"),
					   SM_STR("/tmp") };
	struct sm_record_lost lost = { SM_LOSS_RING_FULL, 12, 99 };
	struct sm_value values[SM_VALUES_MAX];
	struct sm_record got;
	uint32_t n;

	(void)state;
	n = sm_record_put_code(buffer, sizeof(buffer), &code);
	assert_int_equal(sm_record_get(buffer, n, values, &got), SM_OK);
	assert_int_equal(got.type, SM_RECORD_CODE);
	assert_true(sm_str_equal(got.code.package, SM_STR("requests")));
	n = sm_record_put_interpreter(buffer, sizeof(buffer), &in);
	assert_int_equal(sm_record_get(buffer, n, values, &got), SM_OK);
	assert_true(sm_str_equal(got.interpreter.stdlib, in.stdlib));
	n = sm_record_put_lost(buffer, sizeof(buffer), &lost);
	assert_int_equal(sm_record_get(buffer, n, values, &got), SM_OK);
	assert_int_equal(got.lost.count, 12);
}

static void a_nest_of_tags_or_arrays_is_refused(void **state)
{
	struct sm_value pool[SM_VALUES_MAX], value;
	struct sm_cbor_reader r;
	uint32_t used = 0;

	(void)state;
	memset(buffer, 0x81, 60000); /* [[[[... */
	r = (struct sm_cbor_reader){ buffer, buffer + 60000 };
	assert_int_equal(sm_cbor_get_value(&r, &value, pool, &used),
			 SM_DAMAGED);
	for (unsigned i = 0; i + 4 <= 60000; i += 4) { /* cut([cut([... */
		buffer[i] = 0xd9;
		buffer[i + 1] = SM_TAG_CUT >> 8;
		buffer[i + 2] = SM_TAG_CUT & 0xff;
		buffer[i + 3] = 0x82;
	}
	r = (struct sm_cbor_reader){ buffer, buffer + 60000 };
	used = 0;
	assert_int_equal(sm_cbor_get_value(&r, &value, pool, &used),
			 SM_DAMAGED);
}

static void lists_nest_as_deep_as_the_bound_says(void **state)
{
	struct sm_value pool[SM_VALUES_MAX], value;
	struct sm_cbor_reader r;

	(void)state;
	for (unsigned depth = SM_DEPTH_MAX - 1; depth <= SM_DEPTH_MAX + 1;
	     depth++) {
		uint32_t used = 0;

		memset(buffer, 0x81, depth);
		buffer[depth] = 0;
		r = (struct sm_cbor_reader){ buffer, buffer + depth + 1 };
		assert_int_equal(sm_cbor_get_value(&r, &value, pool, &used),
				 depth <= SM_DEPTH_MAX ? SM_OK : SM_DAMAGED);
	}
}

static const struct {
	struct sm_str bytes;
	bool is_valid;
} utf8_cases[] = {
	{ { "", 0 }, true },
	{ { "plain ascii text of some length", 31 }, true },
	{ { "\xc3\xa4\xe2\x82\xac\xf0\x9f\x90\x8d", 9 }, true },
	{ { "\xed\x9f\xbf", 3 }, true },
	{ { "\xed\xa0\x80", 3 }, false }, /* surrogate */
	{ { "\xc0\x80", 2 }, false },	  /* overlong */
	{ { "\xe0\x80\x80", 3 }, false },
	{ { "\xf4\x90\x80\x80", 4 }, false }, /* above U+10FFFF */
	{ { "\xc3", 1 }, false },
	{ { "\xf0\x9f\x90", 3 }, false },
	{ { "\x80", 1 }, false },
	{ { "abcdefgh\xff", 9 }, false },
	{ { "abcdefg\xff", 8 }, false },
};

static void utf8_is_as_rfc_3629_says(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(utf8_cases) / sizeof(utf8_cases[0]); i++)
		assert_int_equal(sm_utf8_is_valid(utf8_cases[i].bytes),
				 utf8_cases[i].is_valid);
}

/* Widths of heads are kept by libcbor, so it writes what it read. */
static void another_decoder_reads_our_records(void **state)
{
	struct sm_record_event want = sample();
	uint32_t n = sm_record_put_event(buffer, sizeof(buffer), &want);
	struct cbor_load_result result;
	cbor_item_t *item = cbor_load(buffer, n, &result), *args;
	unsigned char *again = NULL;
	size_t room;

	(void)state;
	assert_non_null(item);
	assert_int_equal(result.read, n);
	assert_true(cbor_array_is_definite(item));
	args = cbor_array_get(item, 5);
	assert_int_equal(cbor_array_size(args), want.event.argc);
	cbor_decref(&args);
	assert_int_equal(cbor_serialize_alloc(item, &again, &room), n);
	assert_memory_equal(again, buffer, n);
	free(again);
	cbor_decref(&item);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_event_survives_the_ring),
		cmocka_unit_test(every_short_prefix_is_refused),
		cmocka_unit_test(an_encoder_without_room_gives_nothing),
		cmocka_unit_test(flipped_bits_never_read_outside),
		cmocka_unit_test(other_records_survive_the_ring),
		cmocka_unit_test(a_nest_of_tags_or_arrays_is_refused),
		cmocka_unit_test(lists_nest_as_deep_as_the_bound_says),
		cmocka_unit_test(another_decoder_reads_our_records),
		cmocka_unit_test(utf8_is_as_rfc_3629_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
