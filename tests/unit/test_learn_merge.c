/* SPDX-License-Identifier: Apache-2.0 */
/* Any order, any partition, any failing allocation. */
#include "tests/unit/learn_fixture.h"

#define MANY 400

static void see_nth(struct bench *b, int i)
{
	char path[128];
	int kind = i % 8, n = i / 8;

	if (kind == 0)
		snprintf(path, sizeof(path), APP "/media/%d.jpg", n);
	else if (kind == 1)
		snprintf(path, sizeof(path), APP "/users/u%dx/p.json", n % 7);
	else if (kind == 2)
		snprintf(path, sizeof(path), APP "/log/%c%c.log", 'a' + n % 5,
			 'a' + n % 3);
	else if (kind == 3)
		snprintf(path, sizeof(path), "/tmp/tmpabcde%03d", n);
	else if (kind == 4)
		snprintf(path, sizeof(path), APP "/static/f%c.css",
			 'a' + n % 2);
	else if (kind == 5)
		snprintf(path, sizeof(path), APP "/up/%c.%s", 'a' + n % 20,
			 n % 3 ? "png" : "gif");
	else if (kind == 6)
		snprintf(path, sizeof(path), "echo w%d", n % 4);
	else
		snprintf(path, sizeof(path), "/etc/x/%d", n % 9);
	if (kind == 6)
		see_system(b, i % RUNS, path);
	else
		see_open(b, i % RUNS, path,
			 kind == 4 || kind == 7 ? READ : WRITE);
}

static char *learn_and_print(struct bench *b)
{
	char *out;

	learn(b);
	out = print(b);
	sm_learned_fini(&b->learned);
	free(b->blob);
	b->blob = NULL;
	return out;
}

static void any_order_and_partition_gives_the_same_bytes(void **state)
{
	struct bench whole, parts[3];
	char *expected, *got;
	unsigned seed = 7;
	int order[MANY];

	(void)state;
	start(&whole);
	for (int i = 0; i < MANY; i++)
		see_nth(&whole, i);
	expected = learn_and_print(&whole);
	for (int round = 0; round < 6; round++) {
		for (int i = 0; i < MANY; i++)
			order[i] = i;
		for (int i = MANY - 1; i > 0; i--) {
			int k = rand_r(&seed) % (i + 1), t = order[i];

			order[i] = order[k];
			order[k] = t;
		}
		for (int p = 0; p < 3; p++)
			start(&parts[p]);
		for (int i = 0; i < MANY; i++)
			see_nth(&parts[rand_r(&seed) % 3], order[i]);
		for (int p = 1; p < 3; p++)
			assert_int_equal(sm_observations_merge(parts[0].seen,
							       parts[p].seen),
					 SM_OK);
		/* Merging a set with itself changes nothing. */
		assert_int_equal(
			sm_observations_merge(parts[0].seen, parts[0].seen),
			SM_OK);
		got = learn_and_print(&parts[0]);
		assert_string_equal(got, expected);
		free(got);
		for (int p = 0; p < 3; p++)
			finish(&parts[p]);
	}
	free(expected);
	finish(&whole);
}

/* Summaries sort processes by their identity, which is a hash. */
static void a_run_is_called_after_its_first_process(void **state)
{
	const struct sm_trace_interpreter python = { .version = SM_STR("") };
	struct sm_str argv[] = { SM_STR("python3"), SM_STR("first.py") };
	struct sm_run_info run;
	struct bench b = { .seen = sm_observations_new() };
	uint32_t owner;

	(void)state;
	for (uint32_t i = 0; i < 8; i++, argv[1] = SM_STR("child.py")) {
		struct sm_trace_process p = { .pid = 70 - i,
					      .start_ns = 5 + i,
					      .started_by = "exec",
					      .argv = argv,
					      .argc = 2 };

		assert_int_equal(sm_observations_add_process(b.seen, 1, &p,
							     &python, &owner),
				 SM_OK);
	}
	for (int i = 0; i < 2; i++, carry_about(&b)) {
		assert_true(sm_observations_run(b.seen, 0, &run));
		assert_int_equal(run.processes, 8);
		assert_true(sm_str_equal(run.script, SM_STR("first.py")));
	}
	sm_observations_free(b.seen);
}

/* Those of older formats are refused at once, which tries nothing. */
static void the_fuzzer_starts_from_a_summary_of_today(void **state)
{
	struct sm_observations *seen = sm_observations_new();
	FILE *file = fopen("tests/fuzz/corpus/summary/one-run", "rb");
	static uint8_t bytes[1 << 16];
	struct sm_diag diag = { 0 };
	size_t size;

	(void)state;
	assert_non_null(file);
	size = fread(bytes, 1, sizeof(bytes), file);
	fclose(file);
	if (sm_summary_read(bytes, size, seen, &diag) != SM_OK)
		fail_msg("%s", diag.text);
	assert_int_equal(seen->run_count, 1);
	sm_observations_free(seen);
}

static void sketches_do_not_depend_on_order(void **state)
{
	struct sm_sketch a = { 0 }, b = { 0 };

	(void)state;
	for (uint64_t i = 0; i < 50; i++) {
		sm_sketch_add(&a, i * 7919 % 53);
		sm_sketch_add(&b, (49 - i) * 7919 % 53);
		sm_sketch_add(&b, (49 - i) * 7919 % 53);
	}
	assert_int_equal(a.count, SM_SKETCH_MAX);
	assert_true(sm_sketch_equal(&a, &b));
}

/* -------------------------------------------------------------- allocation */

/* Counts down to the allocation that fails; 0: none does. */
static int until_failure;
static bool has_failed;

#ifndef SM_SANITISED
static bool fails(void)
{
	if (!until_failure || --until_failure)
		return false;
	has_failed = true;
	return true;
}

void *__libc_calloc(size_t count, size_t bytes);
void *__libc_malloc(size_t bytes);
void *__libc_realloc(void *p, size_t bytes);

__attribute__((visibility("default"))) void *calloc(size_t count, size_t bytes)
{
	return fails() ? NULL : __libc_calloc(count, bytes);
}

__attribute__((visibility("default"))) void *malloc(size_t bytes)
{
	return fails() ? NULL : __libc_malloc(bytes);
}

__attribute__((visibility("default"))) void *realloc(void *p, size_t bytes)
{
	return fails() ? NULL : __libc_realloc(p, bytes);
}
#endif

static void any_allocation_may_fail(void **state)
{
	const struct sm_learn_options options = { 0 };
	struct sm_learned learned;
	struct sm_diag diag;
	enum sm_status status;
	struct bench b;
	int n = 0;

	(void)state;
	start(&b);
	for (int i = 0; i < 40; i++)
		see_nth(&b, i);
	do {
		until_failure = ++n;
		has_failed = false;
		status = sm_learn(b.seen, &options, &learned, &diag);
		until_failure = 0;
		if (has_failed && status != SM_OK)
			assert_null(learned.rules);
		else
			assert_int_equal(status, SM_OK);
		sm_learned_fini(&learned);
	} while (has_failed);
	finish(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_order_and_partition_gives_the_same_bytes),
		cmocka_unit_test(a_run_is_called_after_its_first_process),
		cmocka_unit_test(the_fuzzer_starts_from_a_summary_of_today),
		cmocka_unit_test(sketches_do_not_depend_on_order),
		cmocka_unit_test(any_allocation_may_fail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
