/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_agent_hosts.c: whatever the agent is loaded into: every interpreter,
 * embedders, what is no Python at all.
 */
#include "tests/unit/agent_run.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* An embedder: dlopen, twice up and down, once with debug allocators. */
static int embed(const char *library)
{
	void *handle = dlopen(library, RTLD_NOW | RTLD_LOCAL);
	void (*initialize)(int), (*finalize)(void);
	int (*run_string)(const char *, void *);

	if (!handle)
		return 77;
	*(void **)&initialize = dlsym(handle, "Py_InitializeEx");
	*(void **)&finalize = dlsym(handle, "Py_Finalize");
	*(void **)&run_string = dlsym(handle, "PyRun_SimpleStringFlags");
	for (int i = 0; i < 3; i++) {
		initialize(0);
		if (run_string("import os, json\nos.listdir('/etc')\n", NULL))
			return 1;
		finalize();
	}
	return 0;
}

/* Every interpreter named in SM_TEST_PYTHONS (by colons) and found on PATH. */
static void try_interpreter(const char *interpreter)
{
	struct run *run = run_script(
		interpreter, 0,
		"import os, threading\n"
		"def f():\n"
		"    os.listdir('/etc')\n"
		"t = [threading.Thread(target=f) for i in range(4)]\n"
		"for x in t: x.start()\n"
		"for x in t: x.join()\n"
		"exec(\"os.listdir('/usr')\")\n");

	print_message("%s\n", interpreter);
	run_assert_exit(run, 0);
	run_assert_accounts(run);
	assert_true(run->rings[0]->has_interpreter);
	assert_int_equal(run_count(run, "os.listdir('/etc')",
				   "app.py:3:f via=direct by=app"),
			 4);
	assert_seen(run, "os.listdir('/usr')", "by=dynamic");
	assert_seen(run, "by=dynamic", "/app.py");
	run_free(run);
	run = run_code(interpreter, "-Xdev", 0, "pass");
	run_assert_exit(run, 0);
	run_free(run);
}

static bool works(const char *interpreter)
{
	char command[512];

	snprintf(command, sizeof(command), "%s -c pass >/dev/null 2>&1",
		 interpreter);
	return system(command) == 0;
}

static void runs_with_debug_allocators(void **state)
{
	static const char *const options[] = { "-Xdev", "-I", "-S", "-E" };

	(void)state;
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		struct run *run = run_code(run_python(), options[i], 0,
					   "import os; os.listdir('/etc')");

		run_assert_exit(run, 0);
		run_assert_accounts(run);
		assert_seen(run, "os.listdir('/etc')", "by=main");
		run_free(run);
	}
	setenv("PYTHONMALLOC", "debug", 1);
	for (unsigned i = 0; i < 2; i++) {
		struct run *run = run_code(run_python(), NULL, 0, "pass");

		run_assert_exit(run, 0);
		run_free(run);
		setenv("PYTHONMALLOC", "malloc_debug", 1);
	}
	unsetenv("PYTHONMALLOC");
}

static void stays_out_of_other_programs(void **state)
{
	struct run *run = run_new(0);
	const char *argv[] = { "/bin/sh", "-c", "true; ls / >/dev/null", NULL };

	(void)state;
	run_command(run, argv);
	run_assert_exit(run, 0);
	assert_int_equal(run->ring_count, 0);
	run_free(run);
}

static void serves_embedders_again_and_again(void **state)
{
	static const char *const libraries[] = { "libpython3.11.so.1.0", NULL };
	const char *given = getenv("SM_TEST_LIBPYTHON");

	(void)state;
#ifdef SM_SANITISED
	skip(); /* preloads into this very program, and ASan must be first */
#endif
	for (int debug = 0; debug < 2; debug++) {
		struct run *run = run_new(0);
		const char *argv[] = { "/proc/self/exe", "--embed",
				       given ? given : libraries[0], NULL };
		char self[4096] = "";

		assert_true(readlink(argv[0], self, sizeof(self) - 1) > 0);
		argv[0] = self;
		setenv("PYTHONMALLOC", debug ? "debug" : "default", 1);
		run_command(run, argv);
		unsetenv("PYTHONMALLOC");
		if (WEXITSTATUS(run->status) == 77) {
			run_free(run);
			print_message("no %s here\n", argv[2]);
			skip();
		}
		run_assert_exit(run, 0);
		run_assert_accounts(run);
		assert_int_equal(run_count(run, "os.listdir('/etc')", "by="),
				 3);
		run_free(run);
	}
}

static void serves_every_interpreter(void **state)
{
	const char *given = getenv("SM_TEST_PYTHONS");
	char *list = strdup(given ? given : ""), *rest = list, *item;

	(void)state;
	try_interpreter(run_python());
	while ((item = strsep(&rest, ":")))
		if (*item)
			try_interpreter(item);
	free(list);
	for (int minor = 8; !given && minor <= 14; minor++) {
		char name[32];

		snprintf(name, sizeof(name), "python3.%d", minor);
		if (works(name))
			try_interpreter(name);
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(runs_with_debug_allocators),
		cmocka_unit_test(stays_out_of_other_programs),
		cmocka_unit_test(serves_embedders_again_and_again),
		cmocka_unit_test(serves_every_interpreter),
	};

	if (argc == 3 && !strcmp(argv[1], "--embed"))
		return embed(argv[2]);
	return run_all("agent_hosts", tests, sizeof(tests) / sizeof(*tests));
}
