/* SPDX-License-Identifier: Apache-2.0 */
/* Which classes pickles may ask for. */
#include "tests/unit/learn_fixture.h"

#define SITE "/srv/venv/lib/python3.11/site-packages/"

static struct sm_event class_event(struct sm_value args[2], const char *module,
				   const char *name)
{
	args[0] = text(module);
	args[1] = text(name);
	return event_of("pickle.find_class", args, 2);
}

static void errors_pass_where_processes_hand_them_on(void **state)
{
	for (int pool = 0; pool < 2; pool++) {
		struct sm_value args[2];
		struct sm_event e;
		struct bench b;

		(void)state;
		start(&b);
		if (pool)
			see_load(&b, "/usr/lib/python3.11/multiprocessing/"
				     "pool.py");
		learn(&b);
		e = class_event(args, "multiprocessing.pool", "rebuild_exc");
		assert_int_equal(allows(&b, &e), pool);
		e = class_event(args, "shop.errors", "PriceError");
		assert_int_equal(allows(&b, &e), pool);
		e = class_event(args, "posix", "system");
		assert_false(allows(&b, &e));
		finish(&b);
	}
}

/* Whether a pool hands out one task at a time or several, how many say. */
static void tasks_are_handed_out_by_the_chunk(void **state)
{
	static const char *const chunks[] = { "mapstar", "starmapstar" };

	(void)state;
	for (int pool = 0; pool < 2; pool++) {
		struct sm_value args[2];
		struct sm_event e;
		struct bench b;

		start(&b);
		if (pool)
			see_load(&b, "/usr/lib/python3.11/multiprocessing/"
				     "pool.py");
		learn(&b);
		for (int i = 0; i < 2; i++) {
			e = class_event(args, "multiprocessing.pool",
					chunks[i]);
			assert_int_equal(allows(&b, &e), pool);
		}
		e = class_event(args, "multiprocessing.pool", "worker");
		assert_false(allows(&b, &e));
		finish(&b);
	}
}

static void one_pickled_error_opens_the_others(void **state)
{
	struct sm_value args[2];
	struct sm_event e;
	struct bench b;

	(void)state;
	start(&b);
	e = class_event(args, "builtins", "FileNotFoundError");
	add(&b, 0, &e);
	learn(&b);
	e = class_event(args, "builtins", "TypeError");
	assert_true(allows(&b, &e));
	e = class_event(args, "builtins", "eval");
	assert_false(allows(&b, &e));
	finish(&b);
}

static const struct sm_principal maker = { .kind = SM_PRINCIPAL_DISTRIBUTION,
					   .name = SM_STR("maker"),
					   .file = SM_STR("") };

static void see_class(struct bench *b, int run, const char *module,
		      const char *name)
{
	struct sm_value args[2];
	struct sm_event e = class_event(args, module, name);

	e.site.principal = maker;
	e.time_ns = UINT64_C(1000000000) * (unsigned)(run + 1);
	add(b, run, &e);
}

static bool makes(const struct bench *b, const char *module, const char *name)
{
	struct sm_value args[2];
	struct sm_event e = class_event(args, module, name);

	e.site.principal = maker;
	return allows(b, &e);
}

static const char *const three[] = { "A", "B", "C" };

static void a_package_keeps_objects_of_its_own_classes(void **state)
{
	for (int count = 2; count <= 3; count++) {
		struct bench b;

		(void)state;
		start(&b);
		see_load(&b, SITE "maker/core.py");
		see_load(&b, SITE "other/core.py");
		for (int i = 0; i < count; i++)
			see_class(&b, 0, "maker.core", three[i]);
		learn(&b);
		assert_int_equal(makes(&b, "maker.extra", "New"), count == 3);
		assert_false(makes(&b, "other.core", "A"));
		assert_false(makes(&b, "maker.core", "os.system"));
		finish(&b);
	}
}

/* One module says nothing of the others; two do. */
static void classes_of_another_package_open_by_module(void **state)
{
	for (int modules = 0; modules <= 2; modules++) {
		struct sm_value args[2];
		struct sm_event e;
		struct bench b;

		(void)state;
		start(&b);
		see_load(&b, SITE "maker/core.py");
		see_load(&b, SITE "parts/shape.py");
		for (int i = 0; i < 3; i++)
			see_class(&b, 0, "parts.shape", three[modules ? i : 0]);
		if (modules > 1)
			see_class(&b, 0, "parts.color", "Red");
		learn(&b);
		assert_true(makes(&b, "parts.shape", "A"));
		assert_int_equal(makes(&b, "parts.shape", "D"), modules > 0);
		assert_int_equal(makes(&b, "parts.size", "D"), modules > 1);
		assert_false(makes(&b, "parts.shape", "os.system"));
		assert_false(makes(&b, "partsother.shape", "A"));
		e = class_event(args, "parts.shape", "A");
		assert_false(allows(&b, &e)); /* by app */
		finish(&b);
	}
}

/* The same three in each of eight runs, or another one each time, too. */
static void classes_that_stay_the_same_stay_literal(void **state)
{
	for (int grows = 0; grows < 2; grows++) {
		struct bench b;

		(void)state;
		start(&b);
		see_load(&b, SITE "parts/shape.py");
		for (int run = 0; run < RUNS; run++) {
			const char name[] = { (char)('D' + run), 0 };

			for (int i = 0; i < 3; i++)
				see_class(&b, run, "parts.shape", three[i]);
			if (grows)
				see_class(&b, run, "parts.shape", name);
		}
		learn(&b);
		assert_true(makes(&b, "parts.shape", "C"));
		assert_int_equal(makes(&b, "parts.shape", "New"), grows);
		finish(&b);
	}
}

/* What is not loaded from a distribution may be anything of Python's own. */
static void classes_of_the_standard_library_stay_literal(void **state)
{
	static const char *const modules[] = { "collections", "os", "builtins",
					       "posix" };

	for (size_t m = 0; m < sizeof(modules) / sizeof(*modules); m++) {
		struct bench b;

		(void)state;
		start(&b);
		for (int i = 0; i < 3; i++)
			see_class(&b, i, modules[m], three[i]);
		learn(&b);
		assert_true(makes(&b, modules[m], "C"));
		assert_false(makes(&b, modules[m], "system"));
		finish(&b);
	}
}

static void classes_of_the_application_open_by_module(void **state)
{
	struct sm_value args[2];
	struct sm_event e;
	struct bench b;

	(void)state;
	start(&b);
	see_load(&b, APP "/cart.py");
	for (int i = 0; i < 3; i++) {
		e = class_event(args, "cart", three[i]);
		add(&b, 0, &e);
		e = class_event(args, "other", three[i]);
		add(&b, 0, &e);
	}
	learn(&b);
	e = class_event(args, "cart", "Voucher");
	assert_true(allows(&b, &e));
	e = class_event(args, "other", "Voucher");
	assert_false(allows(&b, &e));
	e = class_event(args, "cart", "os.system");
	assert_false(allows(&b, &e));
	finish(&b);
}

static void workers_of_a_pool_get_what_the_first_ones_got(void **state)
{
	struct sm_value args[2];
	struct sm_event e = class_event(args, "app", "work");
	struct bench b;

	(void)state;
	for (int is_sent = 0; is_sent < 2; is_sent++) {
		start(&b);
		e.site.principal = app;
		e.site.file = is_sent ? SM_STR("/usr/lib/python3.11/"
					       "multiprocessing/queues.py")
				      : SM_STR(APP "/app.py");
		add(&b, 0, &e);
		learn(&b);
		assert_true(allows(&b, &e));
		e.site.principal.kind = SM_PRINCIPAL_PYTHON;
		assert_int_equal(allows(&b, &e), is_sent);
		e.site.principal = maker;
		assert_false(allows(&b, &e));
		finish(&b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(errors_pass_where_processes_hand_them_on),
		cmocka_unit_test(tasks_are_handed_out_by_the_chunk),
		cmocka_unit_test(one_pickled_error_opens_the_others),
		cmocka_unit_test(a_package_keeps_objects_of_its_own_classes),
		cmocka_unit_test(classes_of_another_package_open_by_module),
		cmocka_unit_test(classes_that_stay_the_same_stay_literal),
		cmocka_unit_test(classes_of_the_standard_library_stay_literal),
		cmocka_unit_test(classes_of_the_application_open_by_module),
		cmocka_unit_test(workers_of_a_pool_get_what_the_first_ones_got),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
