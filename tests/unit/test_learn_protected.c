/* SPDX-License-Identifier: Apache-2.0 */
/*
 * No wildcard crosses into a protected place: whatever was recorded, of what
 * lies there nothing is granted that was not recorded itself.
 */
#include "tests/unit/learn_fixture.h"

#define RECORDINGS 400

/* A generator of our own: the same cases everywhere. */
static uint64_t state_of_dice;

static unsigned dice(unsigned sides)
{
	state_of_dice =
		state_of_dice * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(state_of_dice >> 33) % sides;
}

/* Anything in them is protected; what is below, too. */
static const char *const closed[] = {
	"/etc",
	"/etc/shop.d",
	"/etc/ssl/private",
	"/proc/sys/kernel",
	"/proc/1",
	"/sys/class/net",
	"/root",
	"/root/.ssh",
	"/home",
	"/home/other",
	"/home/other/data",
	"/boot",
	"/dev",
	"/usr/bin",
	"/usr/lib/python3.11",
	"/usr/lib/python3.11/json",
	"/usr/lib/python3/dist-packages",
	"/usr/lib/python3/dist-packages/requests",
	"/usr/share/shop",
	"/",
	"/srv",
	"/opt",
	"/tmp",
	"/var/lib",
	"/var/log",
	"/home/shop",
};

/* Dotfiles are protected; keys where nobody chooses names. */
static const char *const plainly[] = {
	APP "/data",	    APP "/data/anna",	  APP "/data/ben/2026",
	APP "/media/17",    "/srv/store",	  "/srv/store/x/y",
	"/var/lib/shop",    "/home/shop/records", "/tmp/shop-work",
	"/var/log/shop/17", APP "/spool",	  APP "/lib",
};

static const char *const guarded[] = {
	".bashrc",   ".env",	    ".ssh",
	".htaccess", ".profile",    "authorized_keys",
	"id_rsa",    "server.key",  "cert.pem",
	"passwd",    "store.p12",   "crontab",
	".netrc",    "known_hosts", "credentials",
};

static const char *const plain[] = {
	"anna", "ben", "carla", "dora",	 "17",	  "18",		"report-1",
	"a b",	"x.y", "index", "state", "notes", "2026-11-21", "cache",
};

static const char *const endings[] = { "",	".json", ".txt", ".log",
				       ".conf", ".tmp",	 ".db",	 ".csv" };

static const char *const code[] = {
	APP "/app.py",	 APP "/lib/mod.py",	  APP "/lib/other.py",
	APP "/x.pth",	 APP "/sitecustomize.py", APP "/usercustomize.py",
	APP "/lib/x.so",
};

#define ONE_OF(list) (list)[dice(sizeof(list) / sizeof(*(list)))]

#define SEEN_MAX 64

struct seen {
	char paths[SEEN_MAX][128];
	int flags[SEEN_MAX];
	int count;
};

static void pick(char *out, size_t size)
{
	unsigned kind = dice(10);
	const char *dir = dice(3) ? ONE_OF(plainly) : ONE_OF(closed);

	if (kind == 0) {
		snprintf(out, size, "%s", ONE_OF(code));
		return;
	}
	if (kind == 1)
		snprintf(out, size, "%s/%s", dir, ONE_OF(guarded));
	else
		snprintf(out, size, "%s/%s%s", dir, ONE_OF(plain),
			 ONE_OF(endings));
	if (out[0] == '/' && out[1] == '/')
		memmove(out, out + 1, strlen(out));
}

static void record(struct bench *b, struct seen *seen)
{
	static const struct sm_principal package = {
		.kind = SM_PRINCIPAL_DISTRIBUTION,
		.name = SM_STR("requests"),
		.file = SM_STR("")
	};

	seen->count = 4 + (int)dice(SEEN_MAX - 4);
	for (int i = 0; i < seen->count; i++) {
		struct sm_value args[3];
		struct sm_event e;

		if (i && dice(3)) {
			/* Beside what was used already. */
			const char *one = seen->paths[dice((unsigned)i)];

			snprintf(seen->paths[i], sizeof(seen->paths[i]),
				 "%.*s/%s%s", (int)(strrchr(one, '/') - one),
				 one, ONE_OF(plain), ONE_OF(endings));
		} else {
			pick(seen->paths[i], sizeof(seen->paths[i]));
		}
		seen->flags[i] = dice(2) ? READ : WRITE;
		e = open_event(args, seen->paths[i], seen->flags[i]);
		if (!dice(4))
			e.site.principal = package;
		e.time_ns = 1000 * (uint64_t)i;
		add(b, (int)dice(RUNS), &e);
	}
}

/* Who lists a directory and makes others in it may open it as a tree. */
static void record_dirs(struct bench *b, const struct seen *seen)
{
	for (int i = 0; i < seen->count; i++) {
		char dir[128];
		struct sm_value args[3];
		struct sm_event e;

		snprintf(dir, sizeof(dir), "%.*s",
			 (int)(strrchr(seen->paths[i], '/') - seen->paths[i]),
			 seen->paths[i]);
		if (!dir[0])
			continue;
		args[0] = text(dir);
		e = event_of("os.listdir", args, 1);
		if (!dice(4))
			add(b, (int)dice(RUNS), &e);
		if (!dice(8))
			see_mkdir(b, (int)dice(RUNS), dir);
	}
}

static bool was_seen(const struct seen *seen, const char *path)
{
	for (int i = 0; i < seen->count; i++)
		if (!strcmp(seen->paths[i], path))
			return true;
	return false;
}

static void refuse(const struct bench *b, const struct seen *seen,
		   unsigned number, const char *path)
{
	if (was_seen(seen, path))
		return;
	if (allows_open(b, path, READ) || allows_open(b, path, WRITE))
		fail_msg("recording %u: %s", number, path);
}

static void no_wildcard_crosses_into_a_protected_place(void **state)
{
	unsigned slotted = 0;

	(void)state;
	for (unsigned i = 0; i < RECORDINGS; i++) {
		struct seen seen;
		struct bench b;
		char path[160];

		state_of_dice = i;
		start(&b);
		see_load(&b, APP "/lib/mod.py");
		record(&b, &seen);
		if (i % 2)
			record_dirs(&b, &seen);
		/* Code that is written to is residue: no matter here. */
		learn_with(&b, &(struct sm_learn_options){ 0 });
		slotted += b.learned.slotted > 0;
		for (size_t k = 0; k < sizeof(closed) / sizeof(*closed); k++) {
			snprintf(path, sizeof(path), "%s/hidden.json",
				 closed[k][1] ? closed[k] : "");
			refuse(&b, &seen, i, path);
			snprintf(path, sizeof(path), "%s/19",
				 closed[k][1] ? closed[k] : "");
			refuse(&b, &seen, i, path);
			snprintf(path, sizeof(path), "%s/deep/19.log",
				 closed[k][1] ? closed[k] : "");
			refuse(&b, &seen, i, path);
		}
		for (size_t k = 0; k < sizeof(plainly) / sizeof(*plainly); k++)
			for (size_t g = 0;
			     g < sizeof(guarded) / sizeof(*guarded); g++) {
				if (guarded[g][0] != '.')
					continue;
				snprintf(path, sizeof(path), "%s/%s",
					 plainly[k], guarded[g]);
				refuse(&b, &seen, i, path);
			}
		for (size_t g = 0; g < sizeof(guarded) / sizeof(*guarded);
		     g++) {
			snprintf(path, sizeof(path), APP "/%s", guarded[g]);
			refuse(&b, &seen, i, path);
			snprintf(path, sizeof(path), "/home/shop/%s",
				 guarded[g]);
			refuse(&b, &seen, i, path);
		}
		for (size_t k = 0; k < sizeof(code) / sizeof(*code); k++)
			refuse(&b, &seen, i, code[k]);
		finish(&b);
	}
	assert_true(slotted > RECORDINGS / 2);
}

static void protected_places_never_open(void **state)
{
	static const char *const dirs[] = { "/etc/shop.d",
					    "/proc/sys/kernel",
					    "/sys/class/net",
					    "/home/other",
					    "/usr/share/shop",
					    "/root",
					    "/usr/lib/python3.11/data",
					    NULL };
	char path[128];
	struct bench b;

	(void)state;
	for (int d = 0; dirs[d]; d++) {
		start(&b);
		for (int i = 0; i < 6; i++) {
			snprintf(path, sizeof(path), "%s/%d.json", dirs[d], i);
			see_open(&b, i, path, i % 2 ? READ : WRITE);
		}
		learn(&b);
		snprintf(path, sizeof(path), "%s/7.json", dirs[d]);
		assert_false(allows_open(&b, path, READ));
		snprintf(path, sizeof(path), "%s/0.json", dirs[d]);
		assert_true(allows_open(&b, path, WRITE));
		finish(&b);
	}
}

static void code_directories_open_for_written_data_only(void **state)
{
	struct bench b;

	(void)state;
	start(&b);
	for (int i = 0; i < 3; i++) {
		static const char *const logs[] = { APP "/a.log", APP "/b.log",
						    APP "/c.log" };
		static const char *const pages[] = { APP "/a.html",
						     APP "/b.html",
						     APP "/c.html" };
		static const char *const modules[] = { APP "/a.py", APP "/b.py",
						       APP "/c.py" };
		static const char *const bare[] = { APP "/a", APP "/b",
						    APP "/c" };

		see_open(&b, i, logs[i], WRITE);
		see_open(&b, i, pages[i], READ);
		see_open(&b, i, modules[i], READ);
		see_open(&b, i, bare[i], WRITE);
	}
	learn(&b);
	assert_true(allows_open(&b, APP "/d.log", WRITE));
	assert_false(allows_open(&b, APP "/d.html", READ));
	assert_false(allows_open(&b, APP "/d.py", READ));
	assert_false(allows_open(&b, APP "/app.py", READ));
	assert_false(allows_open(&b, APP "/d", WRITE));
	finish(&b);
}

static void directories_of_programs_stay_as_they_are(void **state)
{
	static const char *const argv[] = { "/srv/env/bin/tool", NULL };
	struct bench b;

	(void)state;
	start(&b);
	see_popen(&b, 0, argv);
	see_open(&b, 0, "/srv/env/bin/tool", READ);
	see_open(&b, 0, "/srv/env/bin/first", WRITE);
	see_open(&b, 1, "/srv/env/bin/second", WRITE);
	learn(&b);
	assert_true(allows_open(&b, "/srv/env/bin/first", WRITE));
	assert_false(allows_open(&b, "/srv/env/bin/third", WRITE));
	assert_false(allows_open(&b, "/srv/env/bin/tool", WRITE));
	finish(&b);
}

static void dotfiles_and_keys_stay_literal(void **state)
{
	static const char *const paths[] = {
		APP "/data/.a.json", APP "/data/.b.json", APP "/data/.c.json",
		APP "/data/a.pem",   APP "/data/b.pem",	  APP "/data/c.pem",
	};
	struct bench b;

	(void)state;
	start(&b);
	for (int i = 0; i < 6; i++)
		see_open(&b, i, paths[i], READ);
	learn(&b);
	assert_false(allows_open(&b, APP "/data/.d.json", READ));
	assert_false(allows_open(&b, APP "/data/d.pem", READ));
	for (int i = 0; i < 6; i++)
		assert_true(allows_open(&b, paths[i], READ));
	finish(&b);
}

/* Below a dot, but it made all of it, and may keep there what it likes. */
static void what_the_program_hides_is_its_own(void **state)
{
	static const struct {
		const char *dir;
		bool is_made, open, is_tight;
	} rows[] = { { APP "/.cache", true, true, false },
		     { APP "/.cache", true, false, true },
		     { APP "/.git", true, false, false },
		     { APP "/home/.cache", true, false, false },
		     { APP "/.cache", false, false, false },
		     { "/home/shop/.store", true, false, false } };
	char path[128];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct sm_learn_options options = {
			.level = rows[i].is_tight ? SM_LEVEL_TIGHT
						  : SM_LEVEL_BALANCED
		};
		struct bench b;

		start(&b);
		for (int k = 0; k < RUNS; k++)
			b.seen->owners[b.owners[k]].home = SM_STR(APP "/home");
		if (rows[i].is_made)
			see_mkdir(&b, 0, rows[i].dir);
		for (int k = 0; k < 4; k++) {
			snprintf(path, sizeof(path), "%s/%c", rows[i].dir,
				 "aehk"[k]);
			see_mkdir(&b, k / 2, path);
			snprintf(path, sizeof(path), "%s/%c/%s", rows[i].dir,
				 "aehk"[k], k % 2 ? "a.txt" : "b/c.html");
			see_open(&b, k / 2, path, WRITE);
		}
		learn_with(&b, &options);
		snprintf(path, sizeof(path), "%s/z/y/x.ods", rows[i].dir);
		assert_int_equal(allows_open(&b, path, WRITE), rows[i].open);
		snprintf(path, sizeof(path), "%s/z/.x.ods", rows[i].dir);
		assert_false(allows_open(&b, path, WRITE));
		finish(&b);
	}
}

static void shared_directories_open_with_a_fixed_start_only(void **state)
{
	struct bench b;

	(void)state;
	start(&b);
	see_open(&b, 0, "/tmp/shop-1.json", WRITE);
	see_open(&b, 1, "/tmp/shop-2.json", WRITE);
	see_open(&b, 2, "/tmp/anna.json", WRITE);
	see_open(&b, 3, "/tmp/ben.json", WRITE);
	see_open(&b, 4, "/tmp/carla.json", WRITE);
	learn(&b);
	assert_true(allows_open(&b, "/tmp/shop-3.json", WRITE));
	assert_false(allows_open(&b, "/tmp/dora.json", WRITE));
	finish(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_wildcard_crosses_into_a_protected_place),
		cmocka_unit_test(protected_places_never_open),
		cmocka_unit_test(code_directories_open_for_written_data_only),
		cmocka_unit_test(directories_of_programs_stay_as_they_are),
		cmocka_unit_test(dotfiles_and_keys_stay_literal),
		cmocka_unit_test(what_the_program_hides_is_its_own),
		cmocka_unit_test(
			shared_directories_open_with_a_fixed_start_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
