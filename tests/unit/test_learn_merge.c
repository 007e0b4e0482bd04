/* SPDX-License-Identifier: Apache-2.0 */
/* Any order, any partition, any failing allocation. */
#include "tests/unit/learn_fixture.h"

#define SEEN  640
#define KINDS 16
#define PARTS 3

struct use {
	int run, n;
};

/* Names of several shapes; some of them hold the pid of who opens them. */
static void name_file(const struct use *u, int kind, char path[64])
{
	int n = u->n;

	if (kind == 0)
		snprintf(path, 64, APP "/media/%d.jpg", n);
	else if (kind == 1)
		snprintf(path, 64, APP "/users/u%dx/p.json", n % 7);
	else if (kind == 2)
		snprintf(path, 64, APP "/log/%c%c.log", 'a' + n % 5,
			 'a' + n % 3);
	else if (kind == 3)
		snprintf(path, 64, "/tmp/tmpabcde%03d", n);
	else if (kind == 4)
		snprintf(path, 64, APP "/static/f%c.css", 'a' + n % 2);
	else if (kind == 5)
		snprintf(path, 64, APP "/up/%c.%s", 'a' + n % 20,
			 n % 3 ? "png" : "gif");
	else if (kind == 6)
		snprintf(path, 64, APP "/letters/%s.txt",
			 n % 2 ? "anna" : "berta");
	else
		snprintf(path, 64, APP "/run/app.%d.lock", 4000 + u->run);
}

static void see_socket(struct bench *b, const struct use *u, const char *event,
		       const char *proto, int port)
{
	struct sm_value values[4] = { text(proto),
				      { .type = SM_LIST,
					.len = 2,
					.full_len = 2,
					.items = values + 2 },
				      text("127.0.0.1"),
				      number(port) };
	struct sm_event e = event_of(event, values, 2);

	add(b, u->run, &e);
}

static void see_load_in(struct bench *b, int run, const char *path)
{
	struct sm_value args[3];
	struct sm_event e = load_event(args, path);

	add(b, run, &e);
}

/* Directories that are the program's own, what they hold, and code in others
 * that some runs have alone; settings. */
static void see_kept(struct bench *b, const struct use *u, int kind)
{
	char dir[64], path[96];

	if (kind == 12)
		snprintf(dir, sizeof(dir), APP "/jobs/.next.%d", 4000 + u->run);
	else if (kind == 13)
		snprintf(dir, sizeof(dir), APP "/.kept");
	else
		snprintf(dir, sizeof(dir), APP "/sets/s%c", 'a' + u->run);
	snprintf(path, sizeof(path), "%s/%s", dir,
		 kind == 14 ? "plug.py"
		 : u->n % 2 ? "a/x.txt"
			    : "y.txt");
	if (kind < 14)
		see_mkdir(b, u->run, dir);
	if (kind < 14)
		see_open(b, u->run, path, WRITE);
	else if (kind == 14)
		see_load_in(b, u->run, path);
	else
		see_popen(b, u->run,
			  ARGV("/usr/bin/conv", "-f",
			       u->n % 2 ? "latin1" : "cp1252",
			       u->n % 3 ? "--dry" : "--all", dir));
}

/* Kinds of calls, of which each part of the learner has some. */
static void see_call(struct bench *b, const struct use *u, int kind)
{
	char text[64];

	name_file(u, kind, text);
	if (kind < 8)
		see_open(b, u->run, text, kind == 4 ? READ : WRITE);
	else if (kind == 8)
		see_system(b, u->run, u->n % 4 ? "echo one" : "echo two");
	else if (kind == 9)
		see_socket(b, u, "socket.bind", "udp", 9000 + u->n % 3);
	else if (kind == 10)
		see_socket(b, u, "socket.connect", "udp", 33000 + u->n);
	else if (kind == 11)
		see_socket(b, u, "socket.connect", "tcp", 41000 + u->n);
	else
		see_kept(b, u, kind);
}

/* is_again: all that names something comes back in another run. */
static void see_nth(struct bench *b, int i, bool is_again)
{
	struct use u = { .n = i / KINDS };

	/* Every kind in every run. */
	u.run = (i % KINDS + u.n) % RUNS;
	see_call(b, &u, i % KINDS);
	if (!is_again)
		return;
	u.run = (u.run + 3) % RUNS;
	if (i % KINDS < 9)
		see_call(b, &u, i % KINDS);
}

/* Who writes letters is told only by days that differ. */
static char *learn_and_print(struct bench *b, bool is_again)
{
	char *out;

	learn(b);
	assert_int_equal(allows_open(b, APP "/letters/carla.txt", WRITE),
			 is_again);
	out = print(b);
	sm_learned_fini(&b->learned);
	free(b->blob);
	b->blob = NULL;
	return out;
}

static void shuffle(int order[SEEN], unsigned *seed)
{
	for (int i = 0; i < SEEN; i++)
		order[i] = i;
	for (int i = SEEN - 1; i > 0; i--) {
		int k = rand_r(seed) % (i + 1), t = order[i];

		order[i] = order[k];
		order[k] = t;
	}
}

/* In any order, over several sets, of which one was a summary. */
static char *learn_in_parts(unsigned *seed, bool is_again)
{
	struct bench parts[PARTS];
	int order[SEEN];
	char *got;

	shuffle(order, seed);
	for (int p = 0; p < PARTS; p++)
		start(&parts[p]);
	for (int i = 0; i < SEEN; i++)
		see_nth(&parts[rand_r(seed) % PARTS], order[i], is_again);
	carry_about(&parts[1]);
	for (int p = 1; p < PARTS; p++)
		assert_int_equal(
			sm_observations_merge(parts[0].seen, parts[p].seen),
			SM_OK);
	/* Merging a set with itself changes nothing. */
	assert_int_equal(sm_observations_merge(parts[0].seen, parts[0].seen),
			 SM_OK);
	got = learn_and_print(&parts[0], is_again);
	for (int p = 0; p < PARTS; p++)
		finish(&parts[p]);
	return got;
}

static void check_order_and_partition(bool is_again)
{
	struct bench whole;
	char *expected, *got;
	unsigned seed = 7;

	start(&whole);
	for (int i = 0; i < SEEN; i++)
		see_nth(&whole, i, is_again);
	expected = learn_and_print(&whole, is_again);
	for (int round = 0; round < 6; round++) {
		got = learn_in_parts(&seed, is_again);
		assert_string_equal(got, expected);
		free(got);
	}
	free(expected);
	finish(&whole);
}

static void any_order_and_partition_gives_the_same_bytes(void **state)
{
	(void)state;
	check_order_and_partition(false);
}

static void so_it_does_of_a_day_that_was_played_again(void **state)
{
	(void)state;
	check_order_and_partition(true);
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
		see_nth(&b, i, false);
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
		cmocka_unit_test(so_it_does_of_a_day_that_was_played_again),
		cmocka_unit_test(a_run_is_called_after_its_first_process),
		cmocka_unit_test(the_fuzzer_starts_from_a_summary_of_today),
		cmocka_unit_test(sketches_do_not_depend_on_order),
		cmocka_unit_test(any_allocation_may_fail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
