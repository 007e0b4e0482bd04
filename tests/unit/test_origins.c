/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "recorder/origins.h"

/* A fresh directory, which is the working directory, and what reads it. */
struct fixture {
	char place[64];
	struct sm_origins *origins;
	char told[16384]; /* "KEY: VALUE" with commas, a line each */
	unsigned facts;
};

static void put(const char *path, const char *text)
{
	char directory[256];
	FILE *f;

	for (size_t i = 0; path[i]; i++) {
		if (path[i] != '/' || !i)
			continue;
		snprintf(directory, sizeof(directory), "%.*s", (int)i, path);
		mkdir(directory, 0755);
	}
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	assert_int_equal(fclose(f), 0);
}

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	strcpy(f->place, "/tmp/origins-XXXXXX");
	assert_non_null(mkdtemp(f->place));
	assert_int_equal(chdir(f->place), 0);
	f->origins = sm_origins_new();
	assert_non_null(f->origins);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;
	char command[128];

	sm_origins_free(f->origins);
	assert_int_equal(chdir("/"), 0);
	snprintf(command, sizeof(command), "rm -r %s", f->place);
	assert_int_equal(system(command), 0);
	free(f);
	return 0;
}

static void see_bytes(struct fixture *f, const char *file, uint32_t bytes,
		      const char *package)
{
	char path[256];
	uint32_t n = (uint32_t)snprintf(path, sizeof(path), "%s/", f->place);
	const struct sm_record_code code = {
		.file = { path, n + bytes },
		.package = sm_str_of(package),
		.kind = *package ? SM_PRINCIPAL_DISTRIBUTION : SM_PRINCIPAL_APP,
	};

	memcpy(path + n, file, bytes);
	sm_origins_note(f->origins, &code);
}

/* Code of package was seen, "" for the application's. */
static void see(struct fixture *f, const char *file, const char *package)
{
	see_bytes(f, file, (uint32_t)strlen(file), package);
}

static void add_fact(void *context, const char *key, const char *value)
{
	struct fixture *f = context;
	size_t n = strlen(f->told), prefix = strcspn(key, ".") + 1;
	char *line;

	f->facts++;
	/* What dpkg(1) knows of below /tmp is nothing. */
	assert_int_equal(strncmp(key + prefix, f->place, strlen(f->place)), 0);
	snprintf(f->told + n, sizeof(f->told) - n, "%.*s%s: %s", (int)prefix,
		 key, key + prefix + strlen(f->place), value);
	while ((line = strchr(f->told + n, '\n')))
		*line = ',';
	strcat(f->told, "\n");
}

static const char *told(struct fixture *f, bool all)
{
	f->told[0] = '\0';
	f->facts = 0;
	sm_origins_tell(f->origins, all, add_fact, f);
	return f->told;
}

static void each_is_told_once_a_file(void **state)
{
	struct fixture *f = *state;
	const char *const expected =
		"modules./app: a.py,sub/b.py,\n"
		"distributions./site-packages: ink 1.0 modules=ink needs= "
		"wants=,\n"
		"imports./app: ink,\n"
		"imports./site-packages/ink: \n";

	put("app/a.py", "import json\n");
	put("app/sub/b.py", "def f():\n    import ink, a, gone\n");
	put("site-packages/ink.py", "import json\n");
	put("site-packages/ink-1.0.dist-info/METADATA",
	    "Name: ink\nVersion: 1.0\n");
	put("site-packages/ink-1.0.dist-info/RECORD", "ink.py,,\n");
	see(f, "app/a.py", "");
	see(f, "app/a.py", "");
	see(f, "site-packages/ink.py", "ink");
	see(f, "site-packages/ink.py", "ink");
	sm_origins_finish(f->origins, 30000);
	assert_true(sm_origins_have_news(f->origins));
	/* Which of the first two comes first is the thread's affair. */
	assert_int_equal(strlen(told(f, false)), strlen(expected));
	assert_non_null(strstr(f->told, "imports./app: ink,\n"));
	assert_non_null(strstr(f->told, "modules./app: a.py,sub/b.py,\n"));
	assert_false(sm_origins_have_news(f->origins));
	assert_string_equal(told(f, false), "");
	assert_int_equal(strlen(told(f, true)), strlen(expected));
}

static void await(struct fixture *f, const char *fact)
{
	for (int i = 0; i < 3000; i++) {
		if (strstr(told(f, true), fact))
			return;
		usleep(10000);
	}
	fail_msg("not told: %s", fact);
}

static void what_a_later_site_has_is_found_in_sources_read_before(void **state)
{
	struct fixture *f = *state;

	put("app/a.py", "import ink\n");
	put("site-packages/ink.py", "");
	see(f, "app/a.py", "");
	await(f, "imports./app: \n");
	see(f, "site-packages/other.py", "other");
	await(f, "imports./app: ink,\n");
}

static void what_the_program_writes_later_is_not_there(void **state)
{
	struct fixture *f = *state;

	put("app/a.py", "");
	see(f, "app/a.py", "");
	await(f, "modules./app: a.py,\n");
	put("app/late.py", "");
	see(f, "app/late.py", "");
	sm_origins_finish(f->origins, 30000);
	assert_non_null(strstr(told(f, true), "modules./app: a.py,\n"));
}

static void guests_name_any_directory(void **state)
{
	struct fixture *f = *state;
	char path[64];

	for (int i = 0; i < 400; i++) {
		snprintf(path, sizeof(path), "d%d/x.py", i);
		see(f, path, "");
		snprintf(path, sizeof(path), "%d/site-packages/p.py", i);
		see(f, path, "p");
	}
	sm_origins_finish(f->origins, 30000);
	told(f, true);
	/* 32 roots, 32 sites, and what is imported from 256 of both. */
	assert_in_range(f->facts, 64, 32 + 32 + 256);
}

static void guests_name_odd_paths(void **state)
{
	struct fixture *f = *state;

	put("li\nne/x.py", "");
	put("\xff\xfe/x.py", "");
	see(f, "li\nne/x.py", "");
	see(f, "\xff\xfe/x.py", "");
	see_bytes(f, "nul\0s/x.py", 10, "");
	see(f, "up/../x.py", "");
	see(f, "/twice/x.py", "");
	see(f, "site-packages/../../x.py", "..");
	see(f, "site-packages/", "p");
	see(f, "", "");
	sm_origins_finish(f->origins, 30000);
	told(f, true);
	assert_non_null(strstr(f->told, "modules./li,ne: x.py,"));
	assert_non_null(strstr(f->told, "modules./\xff\xfe: x.py,"));
	assert_null(strstr(f->told, "nul"));
	assert_null(strstr(f->told, "up"));
	assert_null(strstr(f->told, "twice"));
	assert_null(strstr(f->told, ".."));
}

static void no_pipe_and_no_loop_delays_the_end(void **state)
{
	struct fixture *f = *state;

	put("site-packages/p-1.0.dist-info/RECORD", "");
	assert_int_equal(mkfifo("site-packages/p-1.0.dist-info/METADATA", 0600),
			 0);
	assert_int_equal(mkfifo("site-packages/p.py", 0600), 0);
	assert_int_equal(symlink("loop", "loop"), 0);
	assert_int_equal(mkfifo("pipe", 0600), 0);
	see(f, "site-packages/p.py", "p");
	see(f, "loop/a.py", "");
	see(f, "pipe/a.py", "");
	sm_origins_finish(f->origins, 30000);
	assert_non_null(strstr(told(f, true), "modules./loop: \n"));
	assert_non_null(strstr(f->told, "modules./pipe: \n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(each_is_told_once_a_file,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			what_a_later_site_has_is_found_in_sources_read_before,
			set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			what_the_program_writes_later_is_not_there, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(guests_name_any_directory,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(guests_name_odd_paths, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(
			no_pipe_and_no_loop_delays_the_end, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
