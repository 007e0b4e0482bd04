/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_agent_policy.c: the agent holds a program to what it was handed.
 */
#include "tests/unit/agent_run.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

/* Everything but what a test is about. */
static const char policy_text[] =
	"{ \"secmgr\": 1, \"use\": [\"python-runtime\"],\n"
	"\"variables\": { \"STDLIB\": [\"/usr/lib/python3.11\"],"
	" \"SITE\": [\"/usr/lib/python3/dist-packages\","
	" \"/usr/local/lib/python3.11/dist-packages\"],"
	" \"TMP\": \"/tmp\" },\n"
	"\"files\": [ { \"id\": \"f1\", \"path\": \"/etc/hostname\","
	" \"access\": [\"read\"], \"by\": [\"main\"] },\n"
	"{ \"id\": \"f2\", \"path\": \"/etc\", \"access\": [\"read\"],"
	" \"by\": [\"main\"] } ],\n"
	"\"pickles\": [ { \"id\": \"k1\","
	" \"class\": \"builtins.PermissionError\" } ],\n"
	"\"code\": [ { \"id\": \"c1\", \"exec\": \"<string>\","
	" \"by\": [\"python\", \"main\"] } ] }\n";

/* Decides nothing of what tests do. */
static const char other_text[] =
	"{ \"secmgr\": 1, \"modes\": { \"files\": \"off\","
	" \"code\": \"off\" } }\n";

static void asks_again_when_the_policy_changes(void **state)
{
	struct run *run = run_new(SM_CHANNEL_ENFORCE | SM_CHANNEL_WARN);
	const char *argv[] = { run_python(), "-c",
			       "import os, time\n"
			       "for i in range(600):\n"
			       "    os.listdir('/srv')\n"
			       "    time.sleep(0.01)\n",
			       NULL };
	unsigned warned, asked;

	(void)state;
	run_set_policy(run, policy_text);
	run->reload = other_text;
	run->reloads_ignored = 1; /* goes on by the old one, asks again */
	run_command(run, argv);
	run_assert_exit(run, 0);
	run_assert_accounts(run);
	assert_int_equal(run->ring_count, 1);
	asked = run_count(run, "asked for policies", "");
	/* once a second, the first in vain */
	assert_true(asked >= 2 && asked < 20);
	assert_int_equal(run_count(run, "policy generation=1", ""), 1);
	warned = run_count(run, "os.listdir('/srv')", "warned=");
	assert_true(warned > 10 && warned < 600);
	assert_int_equal(run_count(run, "os.listdir('/srv')", "by=main"), 600);
	assert_int_equal(
		atomic_load(&run->rings[0]->memory.reader.header->generation),
		1);
	/* warned only: nothing was denied */
	assert_int_equal(
		atomic_load(&run->rings[0]->memory.reader.header->after_denial),
		0);
	run_free(run);
}

static void fails_closed_without_policy(void **state)
{
	const char *argv[] = { run_python(), "-c", "pass", NULL };
	struct run *run = run_new(SM_CHANNEL_ENFORCE);

	(void)state;
	run->is_quiet = true;
	run_command(run, argv);
	assert_false(WIFEXITED(run->status) && !WEXITSTATUS(run->status));
	assert_true(run_count(run, "denied=no-policy", "") > 0);
	run_free(run);
}

static void fails_open_when_asked(void **state)
{
	struct run *run =
		run_code(run_python(), NULL,
			 SM_CHANNEL_ENFORCE | SM_CHANNEL_FAIL_OPEN, "pass");

	(void)state;
	run_assert_exit(run, 0);
	run_free(run);
}

static void warns_when_asked(void **state)
{
	struct run *run = run_code(run_python(), NULL,
				   SM_CHANNEL_ENFORCE | SM_CHANNEL_WARN,
				   "import os; os.listdir('/etc')");

	(void)state;
	run_assert_exit(run, 0);
	assert_seen(run, "os.listdir('/etc')", "warned=no-policy");
	run_free(run);
}

static void raises_what_pickles_as_permission_error(void **state)
{
	static const char code[] =
		"import pickle, copy, errno\n"
		"open('/etc/hostname').close()\n"
		"def denied(path):\n"
		"    try:\n"
		"        open(path)\n"
		"    except PermissionError as e:\n"
		"        return e\n"
		"e = denied('/etc/passwd')\n"
		"assert e.errno == errno.EACCES and e.filename == "
		"'/etc/passwd', repr(e)\n"
		"assert type(e).__module__ == 'secmgr'\n"
		"assert type(e).__name__ == 'PolicyViolation'\n"
		"assert type(e) is type(denied('/etc/shadow'))\n"
		"import os\n"
		"etc = os.open('/etc', os.O_RDONLY)\n"
		"for name in 'passwd', b'shadow', '../etc/group':\n"
		"    try:\n"
		"        os.open(name, os.O_RDONLY, dir_fd=etc)\n"
		"    except PermissionError as other:\n"
		"        pass\n"
		"    else:\n"
		"        raise AssertionError(name)\n"
		"for word in 'files', 'read', '/etc/passwd', 'main', 'event':\n"
		"    assert word in e.strerror, e.strerror\n"
		"for again in pickle.loads(pickle.dumps(e)), copy.copy(e):\n"
		"    assert type(again) is PermissionError\n"
		"    assert again.filename == e.filename\n"
		"    assert again.strerror == e.strerror\n";
	struct run *run = run_new(SM_CHANNEL_ENFORCE);
	const char *argv[] = { "/usr/bin/python3", "-IS", "-c", code, NULL };

	(void)state;
	run_set_policy(run, policy_text);
	run_command(run, argv);
	assert_seen(run, "open('/etc/hostname'", "allowed=f1");
	assert_seen(run, "open('/etc/passwd'", "denied=");
	run_assert_exit(run, 0);
	run_assert_accounts(run);
	run_free(run);
}

/*
 * What was allowed is remembered: only for the same path, whatever its length
 * and whichever byte is another, and only for the same purpose.
 */
static void remembers_no_more_than_it_decided(void **state)
{
	static const char code[] =
		"import posix\n"
		"def is_allowed(path, flags):\n"
		"    try:\n"
		"        posix.open(path, flags)\n"
		"    except PermissionError:\n"
		"        return False\n"
		"    except FileNotFoundError:\n"
		"        return True\n"
		"for n in range(1, 41):\n"
		"    path = '/' + 'a' * n\n"
		"    for _ in range(2):\n"
		"        assert is_allowed(path, 0) == (n != 20), path\n"
		"        for i in range(1, n + 1):\n"
		"            other = path[:i] + 'b' + path[i + 1:]\n"
		"            assert not is_allowed(other, 0), other\n"
		"        assert not is_allowed(path, 1), path\n"
		"        assert not is_allowed(path.encode() + b'b', 0)\n";
	struct run *run = run_new(SM_CHANNEL_ENFORCE);
	const char *argv[] = { "/usr/bin/python3", "-IS", "-c", code, NULL };
	char text[8192], path[48] = "/";
	int used = snprintf(text, sizeof(text),
			    "{ \"secmgr\": 1, \"use\": [\"python-runtime\"],"
			    "\"variables\": { \"STDLIB\": "
			    "[\"/usr/lib/python3.11\"], \"TMP\": \"/tmp\" },"
			    "\"files\": [");

	(void)state;
	for (int n = 1; n <= 40; n++) {
		strcat(path, "a");
		if (n != 20)
			used += snprintf(
				text + used, sizeof(text) - (size_t)used,
				"%s{ \"id\": \"f%d\", \"path\": \"%s\","
				"\"access\": [\"read\"], "
				"\"by\": [\"main\"] }",
				n == 1 ? "" : ",", n, path);
	}
	snprintf(text + used, sizeof(text) - (size_t)used,
		 "], \"code\": [ { \"id\": \"c1\", \"exec\": \"<string>\","
		 " \"by\": [\"python\", \"main\"] } ] }");
	run_set_policy(run, text);
	run_command(run, argv);
	run_assert_exit(run, 0);
	assert_int_equal(run_count(run, "", "allowed=f40"), 2);
	run_free(run);
}

static void children_inherit_the_policy(void **state)
{
	static const char code[] =
		"import os, sys\n"
		"if os.fork():\n"
		"    sys.exit(os.waitstatus_to_exitcode(os.wait()[1]))\n"
		"try:\n"
		"    open('/etc/passwd')\n"
		"except PermissionError:\n"
		"    os._exit(7)\n";
	struct run *run = run_new(SM_CHANNEL_ENFORCE);
	const char *argv[] = { "/usr/bin/python3", "-IS", "-c", code, NULL };

	(void)state;
	run_set_policy(run, policy_text);
	run_command(run, argv);
	assert_seen(run, "1 open('/etc/passwd'", "denied=");
	run_assert_exit(run, 7);
	run_free(run);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(asks_again_when_the_policy_changes),
		cmocka_unit_test(fails_closed_without_policy),
		cmocka_unit_test(fails_open_when_asked),
		cmocka_unit_test(warns_when_asked),
		cmocka_unit_test(raises_what_pickles_as_permission_error),
		cmocka_unit_test(remembers_no_more_than_it_decided),
		cmocka_unit_test(children_inherit_the_policy),
	};

	return run_all("agent_policy", tests, sizeof(tests) / sizeof(*tests));
}
