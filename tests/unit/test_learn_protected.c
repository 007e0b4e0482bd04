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
	static const struct sm_principal package = { SM_PRINCIPAL_DISTRIBUTION,
						     SM_STR("requests"),
						     SM_STR("") };

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_wildcard_crosses_into_a_protected_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
