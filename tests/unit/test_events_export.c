/* SPDX-License-Identifier: Apache-2.0 */
#include <cbor.h>

#include "schema/cbor.h"
#include "tests/unit/trace_data.h"
#include "tools/events_format.h"

static char *exported;
static size_t exported_bytes;

static void export_event(const struct sm_event *event)
{
	FILE *out = open_memstream(&exported, &exported_bytes);

	assert_non_null(out);
	sm_event_put_cbor(out, event);
	assert_int_equal(fclose(out), 0);
}

/* The map's value of an ASCII key; the caller does not own it. */
static cbor_item_t *find(const cbor_item_t *map, const char *key)
{
	for (size_t i = 0; i < cbor_map_size(map); i++) {
		struct cbor_pair pair = cbor_map_handle(map)[i];

		if (cbor_string_length(pair.key) == strlen(key) &&
		    !memcmp(cbor_string_handle(pair.key), key, strlen(key)))
			return pair.value;
	}
	fail_msg("no %s", key);
	return NULL;
}

static void expect_text(cbor_item_t *item, struct sm_str want)
{
	bool is_text = cbor_isa_string(item);
	size_t n = is_text ? cbor_string_length(item)
			   : cbor_bytestring_length(item);

	assert_int_equal(n, want.len);
	assert_memory_equal(is_text ? cbor_string_handle(item)
				    : cbor_bytestring_handle(item),
			    want.p, want.len);
}

static void expect_args(cbor_item_t *args, const struct sm_event *event)
{
	static uint8_t buffer[256 << 10];
	struct sm_cbor_writer w = { buffer, buffer + sizeof(buffer), false };
	unsigned char *got = NULL;
	size_t room, n = cbor_serialize_alloc(args, &got, &room);

	sm_cbor_put_array(&w, event->argc);
	for (uint32_t i = 0; i < event->argc; i++)
		sm_cbor_put_value(&w, &event->args[i]);
	assert_false(w.has_failed);
	assert_int_equal(n, w.at - buffer);
	assert_memory_equal(got, buffer, n);
	free(got);
}

/* What records hold and what is exported are the same values. */
static void any_event_is_one_item_any_decoder_reads(void **state)
{
	static struct data_event d;

	(void)state;
	for (uint32_t i = 0; i < 500; i++) {
		struct cbor_load_result result;
		cbor_item_t *item;

		data_event(&d, i);
		d.event.seq = data_random();
		export_event(&d.event);
		item = cbor_load((const unsigned char *)exported,
				 exported_bytes, &result);
		assert_non_null(item);
		assert_int_equal(result.read, exported_bytes);
		assert_int_equal(cbor_map_size(item), 19);
		assert_int_equal(cbor_get_int(find(item, "seq")), d.event.seq);
		expect_args(find(item, "args"), &d.event);
		expect_text(
			find(item, "shadow"),
			sm_str_of(sm_decision_name(d.event.shadow.decision)));
		expect_text(find(item, "shadow_rule"), d.event.shadow.rule);
		cbor_decref(&item);
		free(exported);
	}
}

static void text_that_is_not_utf8_is_exported_as_bytes(void **state)
{
	struct sm_value value = {
		.type = SM_TEXT, .s = "\xff", .len = 1, .full_len = 1
	};
	struct sm_event event = { .argc = 1, .args = &value };
	struct cbor_load_result result;
	cbor_item_t *item, *args;

	(void)state;
	export_event(&event);
	item = cbor_load((const unsigned char *)exported, exported_bytes,
			 &result);
	assert_non_null(item);
	args = find(item, "args");
	assert_true(cbor_isa_bytestring(cbor_array_handle(args)[0]));
	cbor_decref(&item);
	free(exported);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_event_is_one_item_any_decoder_reads),
		cmocka_unit_test(text_that_is_not_utf8_is_exported_as_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
