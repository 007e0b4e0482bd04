/* SPDX-License-Identifier: Apache-2.0 */
/* Bundles: when one is used, what that costs, and what none may hold. */
#include "tests/unit/learn_fixture.h"

#define SECOND UINT64_C(1000000000)

/* In run number run, each a second after the one before. */
static void see_read(struct bench *b, int run, const char *path)
{
	struct sm_value args[3];
	struct sm_event e = open_event(args, path, READ);

	e.time_ns = SECOND * (unsigned)(run + 1);
	add(b, run, &e);
}

static struct sm_bundle_use bundle_of(const struct bench *b, const char *name)
{
	struct sm_bundle_use none = { .name = NULL };

	for (size_t i = 0; i < b->learned.bundle_count; i++)
		if (!strcmp(b->learned.bundles[i].name, name))
			return b->learned.bundles[i];
	fail_msg("no bundle %s", name);
	return none;
}

static bool uses(const struct bench *b, const char *name)
{
	for (size_t i = 0; i < b->learned.rules->use.count; i++)
		if (sm_str_equal(b->learned.rules->use.items[i],
				 sm_str_of(name)))
			return true;
	return false;
}

static void what_a_bundle_grants_beside_is_counted(void **state)
{
	static const char *const files[] = { "/etc/ssl/openssl.cnf",
					     "/usr/lib/ssl/openssl.cnf" };
	double last = 0;

	(void)state;
	for (size_t count = 1; count <= 2; count++) {
		struct sm_bundle_use tls;
		struct bench b;

		start(&b);
		for (size_t i = 0; i < count; i++)
			see_read(&b, 0, files[i]);
		learn(&b);
		tls = bundle_of(&b, "tls");
		assert_int_equal(tls.needed, count);
		assert_true(tls.is_used && uses(&b, "tls"));
		assert_true(tls.rules > 2 && tls.exposure > 0);
		if (count == 2)
			assert_true(tls.exposure < last);
		last = tls.exposure;
		finish(&b);
	}
}

/* A first run says nothing of the next; eight that are alike do. */
static void evidence_that_stays_the_same_needs_no_bundle(void **state)
{
	static const int runs[] = { 1, RUNS };

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct sm_bundle_use errors;
		struct bench b;

		start(&b);
		for (int run = 0; run < RUNS; run++)
			see_read(&b, run, APP "/always.json");
		for (int run = 0; run < runs[i]; run++) {
			struct sm_value args[2] = { text("builtins"),
						    text("KeyError") };
			struct sm_event e =
				event_of("pickle.find_class", args, 2);

			e.time_ns = SECOND * (unsigned)(run + 1);
			add(&b, run, &e);
		}
		learn(&b);
		errors = bundle_of(&b, "pickled-errors");
		assert_int_equal(errors.is_used, !i);
		assert_int_equal(errors.exposure <= errors.without, !i);
		assert_int_equal(uses(&b, "pickled-errors"), !i);
		finish(&b);
	}
}

static bool unpickles(const struct bench *b, const char *module,
		      const char *name)
{
	struct sm_value args[2] = { text(module), text(name) };
	struct sm_event e = event_of("pickle.find_class", args, 2);

	return allows(b, &e);
}

/* Which values there were to be kept is an accident; none of them acts. */
static void values_of_the_library_come_with_one_another(void **state)
{
	(void)state;
	for (int how = 0; how < 3; how++) {
		bool pickled = how > 0;
		struct sm_value args[2] = { text("collections"),
					    text("OrderedDict") };
		struct sm_event e = event_of("pickle.find_class", args, 2);
		struct bench b;

		start(&b);
		see_load(&b, "/usr/lib/python3.11/datetime.py");
		if (how == 1)
			add(&b, 0, &e);
		if (how == 2) /* no event tells of pickles of dicts */
			see_load(&b, "/usr/lib/python3.11/pickle.py");
		learn(&b);
		assert_int_equal(uses(&b, "pickled-values"), pickled);
		assert_int_equal(unpickles(&b, "datetime", "date"), pickled);
		assert_int_equal(unpickles(&b, "logging", "LogRecord"),
				 pickled);
		assert_false(unpickles(&b, "datetime", "sys.modules"));
		assert_false(unpickles(&b, "builtins", "getattr"));
		assert_false(unpickles(&b, "os", "system"));
		finish(&b);
	}
}

/* To have looked at something is no reason to change what lies beside. */
static void see_bind(struct bench *b, int port)
{
	struct sm_value items[2] = { text("127.0.0.1"), number(port) };
	struct sm_value args[2] = { text("tcp"), { .type = SM_LIST } };
	struct sm_event e = event_of("socket.bind", args, 2);

	args[1].len = args[1].full_len = 2;
	args[1].items = items;
	add(b, 0, &e);
}

/* The probe for a directory, a file that never has a name, and one that has. */
static bool spools(const struct bench *b)
{
	return allows_open(b, "/tmp/q7_zzab1", WRITE) &&
	       allows_open(b, "/tmp", WRITE) &&
	       allows_open(b, "/tmp/tmpq7_zzab1.upload", WRITE);
}

/* What is sent to a server may be too large for memory the next time. */
static void servers_may_spool_what_they_are_sent(void **state)
{
	static const struct {
		int port; /* -1: none; 0: an address to call from */
		bool is_loaded, is_expected;
	} cases[] = { { 8000, true, true },
		      { 8000, false, false },
		      { 0, true, false },
		      { -1, true, false } };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct bench b;

		start(&b);
		see_open(&b, 0, APP "/settings.toml", READ);
		if (cases[i].is_loaded)
			see_load(&b, "/usr/lib/python3.11/tempfile.py");
		if (cases[i].port >= 0)
			see_bind(&b, cases[i].port);
		learn(&b);
		assert_int_equal(uses(&b, "tempfile"), cases[i].is_expected);
		assert_int_equal(spools(&b), cases[i].is_expected);
		assert_false(allows_open(&b, "/tmp/report.pdf", READ));
		finish(&b);
	}
}

static void a_bundle_that_changes_things_needs_a_change(void **state)
{
	(void)state;
	for (int changes = 0; changes < 2; changes++) {
		struct sm_value args[3] = { text("/proc/self/fd") };
		struct sm_event e;
		struct bench b;

		start(&b);
		e = event_of("os.listdir", args, 1);
		add(&b, 0, &e);
		if (changes)
			see_mkdir(&b, 0, "/tmp/pymp-ab12cd34");
		learn(&b);
		args[0] = text("/proc/self/fd");
		e = event_of("os.listdir", args, 1);
		assert_true(allows(&b, &e));
		assert_int_equal(uses(&b, "subprocess-runtime"), changes);
		assert_int_equal(allows_mkdir(&b, "/tmp/pymp-zz98xx76"),
				 changes);
		finish(&b);
	}
}

/* ------------------------------------------------------------------ contents
 */

static bool allows_any(const char *bundle, const char *const *paths, int flags)
{
	static const enum sm_via ways[] = { SM_VIA_DIRECT, SM_VIA_IMPORT };
	static const char *const by[] = { "app", "python", "tool" };
	char text[400];
	struct sm_rules *rules = NULL;
	struct sm_policy policy;
	struct sm_diag diag;
	void *blob = NULL;
	size_t bytes;
	bool does = false;

	snprintf(text, sizeof(text),
		 "{\"secmgr\": 1, \"variables\": {\"HOME\": \"/home/a\", "
		 "\"SITE\": [\"/usr/lib/python3/dist-packages\"], "
		 "\"STDLIB\": \"/usr/lib/python3.11\", \"TMP\": \"/tmp\"}, "
		 "\"use\": [\"%s\"]}",
		 bundle);
	assert_int_equal(sm_policy_parse(text, strlen(text), &rules, &diag),
			 SM_OK);
	assert_int_equal(
		sm_policy_compile(rules, NULL, 0, &blob, &bytes, &diag), SM_OK);
	assert_int_equal(sm_policy_open(&policy, blob, bytes, &diag), SM_OK);
	for (; *paths; paths++)
		for (size_t i = 0; i < 6; i++) {
			struct sm_value args[3];
			struct sm_event e = open_event(args, *paths, flags);
			struct sm_verdict v;

			e.site.via = ways[i % 2];
			e.site.principal = (struct sm_principal){
				.kind = SM_PRINCIPAL_DISTRIBUTION,
				.name = sm_str_of(by[i / 2]),
				.file = SM_STR("")
			};
			sm_policy_decide(&policy, &e, &v);
			does |= v.decision == SM_ALLOWED;
		}
	free(blob);
	sm_rules_free(rules);
	return does;
}

/* The compiler looks for the line of a syntax error in a file of that name. */
static void text_that_is_no_code_is_looked_for_as_a_file(void **state)
{
	struct bench b;

	(void)state;
	start(&b);
	see_read(&b, 0, "/dev/null");
	learn(&b);
	assert_true(uses(&b, "python-runtime"));
	assert_true(allows_open(&b, APP "/<string>", READ));
	assert_true(allows_open(&b, "/<unknown>", READ));
	assert_false(allows_open(&b, APP "/<string>", WRITE));
	assert_true(allows_open(&b, APP "/LICENSE.txt", READ)); /* license() */
	assert_false(allows_open(&b, APP "/LICENSE.key", READ));
	assert_false(allows_open(&b, APP "/<string>/x", READ));
	assert_false(allows_open(&b, APP "/string", READ));
	finish(&b);
}

/* The first user in another country must not be the one who is told. */
static void time_zones_belong_to_the_standard_library(void **state)
{
	struct bench b;

	(void)state;
	start(&b);
	see_read(&b, 0, "/dev/null");
	learn(&b);
	assert_true(uses(&b, "python-runtime"));
	assert_true(allows_open(&b, "/usr/share/zoneinfo/Europe/Berlin", READ));
	assert_true(allows_list(&b, "/usr/share/zoneinfo"));
	assert_true(allows_list(&b, "/usr/share/zoneinfo/Europe"));
	assert_false(
		allows_open(&b, "/usr/share/zoneinfo/Europe/Berlin", WRITE));
	assert_false(allows_open(&b, "/usr/share/locale/de/x.mo", READ));
	finish(&b);
}

/* As Cython's modules do; first of all when somebody loads them late. */
static void extensions_run_text_when_they_are_imported(void **state)
{
	struct sm_value args[3];
	struct sm_event e;
	struct bench b;

	(void)state;
	start(&b);
	see_read(&b, 0, "/dev/null");
	learn(&b);
	e = run_event(args, "<string>", "parser");
	e.site.principal = app;
	e.site.file = SM_STR("<frozen importlib._bootstrap>");
	e.site.via = SM_VIA_IMPORT;
	assert_true(allows(&b, &e));
	e.site.via = SM_VIA_DIRECT;
	assert_false(allows(&b, &e));
	/* The application itself, though something imports it. */
	e.site.via = SM_VIA_IMPORT;
	e.site.file = SM_STR(APP "/app.py");
	assert_false(allows(&b, &e));
	e = run_event(args, "", "parser");
	e.site.file = SM_STR("<frozen importlib._bootstrap>");
	e.site.via = SM_VIA_IMPORT;
	assert_false(allows(&b, &e));
	finish(&b);
}

static void no_bundle_holds_what_none_may(void **state)
{
	static const char *const never[] = {
		"/etc/passwd",
		"/etc/shadow",
		"/proc/self/mem",
		"/proc/self/maps",
		"/proc/self/environ",
		"/proc/1/environ",
		"/home/a/.ssh/id_rsa",
		"/home/a/.local/lib/python3.11/site-packages/a.pth",
		"/home/a/.local/lib/python3.11/site-packages/usercustomize.py",
		"/usr/lib/python3/dist-packages/usercustomize.py",
		"/usr/lib/python3/dist-packages/a/__init__.py",
		"/srv/shop/.env",
		"/srv/shop/settings.py",
		NULL
	};
	static const char *const written[] = {
		"/etc/hosts",
		"/etc/resolv.conf",
		"/etc/localtime",
		"/etc/ssl/certs/a.pem",
		"/usr/lib/python3/dist-packages/a.pth",
		"/usr/lib/python3.11/os.py",
		"/srv/shop/a.py",
		"/tmp/a.py",
		NULL
	};
	static const char *const named[] = { "locale-time",
					     "logging",
					     "python-runtime",
					     "resolver",
					     "subprocess-runtime",
					     "tempfile",
					     "tls" };
	const char *const *names = sm_bundle_names();
	size_t count = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(named) / sizeof(*named); i++)
		assert_non_null(sm_bundle_text(named[i]));
	assert_true(allows_any(
		"resolver", (const char *const[]){ "/etc/hosts", NULL }, READ));
	for (; *names; names++, count++) {
		assert_false(allows_any(*names, never, READ));
		assert_false(allows_any(*names, never, WRITE));
		assert_false(allows_any(*names, written, WRITE));
	}
	assert_true(count >= sizeof(named) / sizeof(*named));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_a_bundle_grants_beside_is_counted),
		cmocka_unit_test(evidence_that_stays_the_same_needs_no_bundle),
		cmocka_unit_test(values_of_the_library_come_with_one_another),
		cmocka_unit_test(servers_may_spool_what_they_are_sent),
		cmocka_unit_test(a_bundle_that_changes_things_needs_a_change),
		cmocka_unit_test(time_zones_belong_to_the_standard_library),
		cmocka_unit_test(extensions_run_text_when_they_are_imported),
		cmocka_unit_test(no_bundle_holds_what_none_may),
		cmocka_unit_test(text_that_is_no_code_is_looked_for_as_a_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
