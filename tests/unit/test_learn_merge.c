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
		cmocka_unit_test(sketches_do_not_depend_on_order),
		cmocka_unit_test(any_allocation_may_fail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
