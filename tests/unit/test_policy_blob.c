/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "schema/policy/blob.h"
#include "tests/unit/policy_fixture.h"

static const char text[] =
	"{\"secmgr\": 1, \"use\": [\"python-runtime\"],\n"
	"\"variables\": {\"STDLIB\": \"/l\", \"SITE\": [\"/s\", \"/t\"]},\n"
	"\"files\": [{\"path\": \"/a/**/<int>-<hex>x*.c\", \"access\": "
	"[\"read\"], \"by\": [\"app\", \"dynamic:x\"]}],\n"
	"\"network\": [{\"connect\": \"10.0.0.0/8:*\"}],\n"
	"\"processes\": [{\"exec\": \"/b\", \"argv\": [\"b\", "
	"\"--x=<option:a|b>\", \"<path:/q/<name>>\", \"*\"]},\n"
	"{\"shell\": \"ls <word> > /x\"}],\n"
	"\"code\": [{\"load\": \"/a/*.py\"}]}";

static void decide(const struct sm_policy *policy, const char *name,
		   struct sm_value *args, uint32_t argc, struct sm_verdict *v)
{
	struct sm_event event = { .args = args, .argc = argc };

	event.site.event = sm_str_of(name);
	event.site.kind = sm_catalogue_find(event.site.event);
	event.site.file = SM_STR("/l/x.py");
	event.site.principal.kind = SM_PRINCIPAL_APP;
	event.site.principal.file = SM_STR("/a/x.py");
	sm_policy_decide(policy, &event, v);
}

/* One event of each kind of look-up; the last verdict is kept. */
static void decide_all(const struct sm_policy *policy, struct sm_verdict *v)
{
	struct sm_value words[] = { text_value("b"), text_value("--x=a"),
				    text_value("/q/z"), text_value("w") };
	struct sm_value list = { .type = SM_LIST, .len = 4, .full_len = 4 };
	struct sm_value args[3] = { text_value("/b") };

	list.items = words;
	args[1] = list;
	decide(policy, "os.posix_spawn", args, 2, v);
	args[0] = text_value("ls x > /x");
	decide(policy, "os.system", args, 1, v);
	args[0] = text_value("x.example");
	decide(policy, "socket.getaddrinfo", args, 1, v);
	args[0] = text_value("/a/b/12-deadbeefxy.c");
	args[1] = (struct sm_value){ .type = SM_NONE };
	args[2] = int_value(O_RDONLY);
	decide(policy, "open", args, 3, v);
}

static uint8_t *compile(size_t *bytes)
{
	struct sm_rules *rules = NULL;
	struct sm_diag diag = { 0 };
	void *blob = NULL;

	*bytes = 0;
	if (sm_policy_parse(text, strlen(text), &rules, &diag) ||
	    sm_policy_compile(rules, NULL, 0, &blob, bytes, &diag))
		fail_msg("%u:%u: %s", diag.line, diag.column, diag.text);
	sm_rules_free(rules);
	return blob;
}

static void the_same_policy_gives_the_same_bytes(void **state)
{
	size_t a_bytes, b_bytes;
	uint8_t *a = compile(&a_bytes), *b = compile(&b_bytes);

	(void)state;
	assert_int_equal(a_bytes, b_bytes);
	assert_memory_equal(a, b, a_bytes);
	free(a);
	free(b);
}

static void every_changed_byte_is_noticed(void **state)
{
	struct sm_policy policy;
	struct sm_diag diag;
	size_t bytes, i;
	uint8_t *blob = compile(&bytes);

	(void)state;
	for (i = 0; i < bytes; i++) {
		blob[i] ^= 0x41;
		assert_int_not_equal(
			sm_policy_open(&policy, blob, bytes, &diag), SM_OK);
		blob[i] ^= 0x41;
	}
	assert_int_equal(sm_policy_open(&policy, blob, bytes, &diag), SM_OK);
	free(blob);
}

/* Whoever makes the checksum right again still cannot lead us astray. */
static void a_forged_blob_is_refused_or_stays_inside(void **state)
{
	static const uint8_t values[] = { 0x00, 0x01, 0x7f, 0xff };
	struct sm_policy policy;
	struct sm_diag diag;
	struct sm_verdict v;
	size_t bytes, i, j, opened = 0, refused = 0;
	uint8_t *blob = compile(&bytes), *copy = malloc(bytes);

	(void)state;
	for (i = sizeof(uint64_t) * 3; i < bytes; i++)
		for (j = 0; j < sizeof(values); j++) {
			uint64_t sum;

			memcpy(copy, blob, bytes);
			copy[i] = values[j];
			sum = sm_blob_checksum(copy, bytes);
			memcpy(copy + offsetof(struct sm_blob_header, checksum),
			       &sum, sizeof(sum));
			if (sm_policy_open(&policy, copy, bytes, &diag)) {
				refused++;
				continue;
			}
			opened++;
			decide_all(&policy, &v);
		}
	assert_int_not_equal(opened, 0);
	assert_int_not_equal(refused, 0);
	free(blob);
	free(copy);
}

static void every_shorter_blob_is_refused(void **state)
{
	struct sm_policy policy;
	struct sm_diag diag;
	size_t bytes, n;
	uint8_t *blob = compile(&bytes);

	(void)state;
	for (n = 0; n < bytes; n++) {
		uint8_t *cut = malloc(n + 1);

		memcpy(cut, blob, n);
		assert_int_not_equal(sm_policy_open(&policy, cut, n, &diag),
				     SM_OK);
		free(cut);
	}
	free(blob);
}

static void foreign_and_newer_blobs_are_told_apart(void **state)
{
	struct sm_policy policy;
	struct sm_diag diag;
	size_t bytes;
	uint8_t *blob = compile(&bytes);

	(void)state;
	blob[4]++;
	assert_int_equal(sm_policy_open(&policy, blob, bytes, &diag),
			 SM_VERSION);
	blob[0]++;
	assert_int_equal(sm_policy_open(&policy, blob, bytes, &diag),
			 SM_NOT_OURS);
	free(blob);
}

/* ------------------------------------------------------- failing allocations
 */

static long allocations_left = -1;
static bool fails_once; /* else all that follow, too */

/* The sanitiser owns the allocator; the sweep is for plain builds. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HAS_OWN_ALLOCATOR 1
#endif
#endif
#ifdef SM_SANITISED
#define HAS_OWN_ALLOCATOR 1
#endif

#ifndef HAS_OWN_ALLOCATOR
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *p, size_t size);

/* For OpenSSL, too. */
#define EXPORTED __attribute__((visibility("default")))

static bool is_failing(void)
{
	if (allocations_left < 0)
		return false;
	if (!allocations_left) {
		allocations_left = fails_once ? -1 : 0;
		return true;
	}
	allocations_left--;
	return false;
}

EXPORTED void *malloc(size_t size)
{
	return is_failing() ? NULL : __libc_malloc(size);
}

EXPORTED void *calloc(size_t count, size_t size)
{
	return is_failing() ? NULL : __libc_calloc(count, size);
}

EXPORTED void *realloc(void *p, size_t size)
{
	return is_failing() ? NULL : __libc_realloc(p, size);
}
#endif

static enum sm_status parse_and_compile(void)
{
	struct sm_rules *rules;
	struct sm_diag diag;
	enum sm_status status;
	size_t bytes;
	void *blob;

	status = sm_policy_parse(text, strlen(text), &rules, &diag);
	if (status)
		return status;
	status = sm_policy_compile(rules, NULL, 0, &blob, &bytes, &diag);
	allocations_left = -1;
	if (!status)
		free(blob);
	sm_rules_free(rules);
	return status;
}

/* In processes of their own: OpenSSL begins once, at some of these. */
static void any_one_of_the_first_allocations_may_fail(void **state)
{
	(void)state;
#ifdef HAS_OWN_ALLOCATOR
	skip();
#endif
	for (long n = 0; n < 600; n += 3) {
		pid_t child = fork();
		int result = -1;

		if (!child) {
			enum sm_status status;

			fails_once = true;
			allocations_left = n;
			status = parse_and_compile();
			_exit(status != SM_OK && status != SM_NOMEM);
		}
		assert_int_equal(waitpid(child, &result, 0), child);
		assert_int_equal(result, 0);
	}
}

static void each_allocation_may_fail(void **state)
{
	enum sm_status status = SM_NOMEM;
	long n;

	(void)state;
#ifdef HAS_OWN_ALLOCATOR
	skip();
#endif
	for (n = 0; status != SM_OK; n++) {
		allocations_left = n;
		status = parse_and_compile();
		allocations_left = -1;
		assert_true(status == SM_OK || status == SM_NOMEM);
		assert_true(n < 100000);
	}
	assert_true(n > 50);
}

/* --------------------------------------------------------------------- cost */

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* A policy of count file rules, 60 % exact, 30 % one star, 10 % two. */
static struct compiled compile_many(unsigned count)
{
	struct sm_rules *rules = sm_rules_new();
	struct sm_rule rule = { .family = SM_FAMILY_FILES,
				.access = SM_ACCESS_READ };
	struct compiled c = { 0 };
	struct sm_str by = SM_STR("python");
	struct sm_diag diag = { 0 };
	char path[100];
	size_t bytes;
	unsigned i;

	rule.by = (struct sm_strings){ &by, 1 };
	for (i = 0; i < count; i++) {
		snprintf(path, sizeof(path),
			 i % 10 < 6   ? "/srv/data/d%u/sub/file%u.txt"
			 : i % 10 < 9 ? "/srv/data/d%u/star%u/*"
				      : "/srv/data/d%u/deep%u/**",
			 i % 97, i);
		rule.pattern = sm_str_of(path);
		assert_int_equal(sm_rules_add(rules, &rule), SM_OK);
	}
	if (sm_policy_compile(rules, NULL, 0, &c.blob, &bytes, &diag))
		fail_msg("%s", diag.text);
	sm_rules_free(rules);
	assert_int_equal(sm_policy_open(&c.policy, c.blob, bytes, &diag),
			 SM_OK);
	return c;
}

#define ROUNDS 210000

static double cost_ns(unsigned rules)
{
	struct compiled c = compile_many(rules);
	struct sm_value args[3];
	struct sm_event event = { .args = args, .argc = 3 };
	struct sm_verdict v;
	static char paths[64][100];
	unsigned i, allowed = 0;
	uint64_t start, best = UINT64_MAX;

	for (i = 0; i < 64; i++) {
		unsigned n = (i * 7) % rules;

		snprintf(paths[i], sizeof(paths[i]),
			 n % 10 < 6   ? "/srv/data/d%u/sub/file%u.txt"
			 : n % 10 < 9 ? "/srv/data/d%u/star%u/anything"
				      : "/srv/data/d%u/deep%u/a/b",
			 n % 97, n);
	}
	event.site.event = SM_STR("open");
	event.site.kind = sm_catalogue_find(event.site.event);
	event.site.principal.kind = SM_PRINCIPAL_PYTHON;
	args[1] = (struct sm_value){ .type = SM_NONE };
	args[2] = int_value(O_RDONLY);
	for (int round = 0; round < 3; round++) {
		allowed = 0;
		start = now_ns();
		for (i = 0; i < ROUNDS / 3; i++) {
			args[0] = text_value(paths[i % 64]);
			sm_policy_decide(&c.policy, &event, &v);
			allowed += v.decision == SM_ALLOWED;
		}
		if (now_ns() - start < best)
			best = now_ns() - start;
	}
	assert_int_equal(allowed, ROUNDS / 3);
	compiled_free(&c);
	return (double)best * 3 / ROUNDS;
}

/*
 * The bound is loose because the machine is shared; the figure itself is for
 * the bench.
 */
static void a_decision_costs_the_same_with_many_rules(void **state)
{
	double few = cost_ns(10), many = cost_ns(10000);

	(void)state;
	print_message("%.0f ns with 10 rules, %.0f ns with 10000\n", few, many);
	assert_true(many < 4 * few);
}

/* Text that makes backtracking matchers explode. */
static void hostile_values_take_linear_time(void **state)
{
	static const char policy[] =
		"{\"secmgr\": 1, \"pickles\": [{\"class\": "
		"\"*a*a*a*a*a*a*a*a*a*b\"}], \"files\": [{\"path\": "
		"\"/**/a/**/b\", \"access\": [\"read\"]}]}";
	struct compiled c = compile_text(policy);
	struct sm_value args[3];
	struct sm_verdict v;
	static char value[4001];
	uint64_t start = now_ns();

	(void)state;
	memset(value, 'a', 4000);
	args[0] = text_value(value);
	args[1] = text_value("c");
	decide(&c.policy, "pickle.find_class", args, 2, &v);
	assert_int_equal(v.decision, SM_DENIED);
	for (size_t i = 0; i < 4000; i += 2)
		value[i] = '/';
	args[0] = text_value(value);
	args[1] = (struct sm_value){ .type = SM_NONE };
	args[2] = int_value(O_RDONLY);
	decide(&c.policy, "open", args, 3, &v);
	assert_int_equal(v.decision, SM_DENIED);
	assert_true(now_ns() - start < 1000000000);
	compiled_free(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		/* First: then OpenSSL has not begun. */
		cmocka_unit_test(any_one_of_the_first_allocations_may_fail),
		cmocka_unit_test(the_same_policy_gives_the_same_bytes),
		cmocka_unit_test(every_changed_byte_is_noticed),
		cmocka_unit_test(a_forged_blob_is_refused_or_stays_inside),
		cmocka_unit_test(every_shorter_blob_is_refused),
		cmocka_unit_test(foreign_and_newer_blobs_are_told_apart),
		cmocka_unit_test(a_decision_costs_the_same_with_many_rules),
		cmocka_unit_test(each_allocation_may_fail),
		cmocka_unit_test(hostile_values_take_linear_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
