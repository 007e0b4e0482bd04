/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_agent.c: what the agent records of a program, in a real interpreter.
 */
#include "tests/unit/agent_run.h"

#include "schema/secret.h"

#include <stdio.h>

static void records_what_a_script_does(void **state)
{
	struct run *run = run_script(
		run_python(), 0,
		"import os, socket, sys\n"
		"d = sys.argv[1]\n"
		"def work():\n"
		"    open(d + '/x', 'w').close()\n"
		"work()\n"
		"os.chdir(d)\n"
		"open('x').close()\n"
		"fd = os.open('.', os.O_RDONLY)\n"
		"os.rename('x', 'y', src_dir_fd=fd, dst_dir_fd=fd)\n"
		"os.listdir(fd)\n"
		"os.listdir()\n"
		"os.remove('../' + os.path.basename(d) + '/y')\n"
		"s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
		"s.sendto(b'', ('127.0.0.1', 9))\n"
		"os.kill(os.getpid(), 0)\n"
		"sys.audit('shop.refund', 17, 'x', 1.5, [b'y'], object())\n"
		"sys.audit('test.bytes', '\\udcff')\n");
	char text[200];

	(void)state;
	run_assert_exit(run, 0);
	run_assert_accounts(run);
	assert_int_equal(run->ring_count, 1);
	assert_true(run->rings[0]->has_interpreter);
	snprintf(text, sizeof(text), "open('%s/x', 'w', 524865)", run->dir);
	assert_seen(run, text, "app.py:4:work via=direct by=app");
	snprintf(text, sizeof(text), "~0=%s/x", run->dir);
	assert_seen(run, "open('x', 'r', 524288)", text);
	snprintf(text, sizeof(text), "~0=%s/x ~1=%s/y", run->dir, run->dir);
	assert_seen(run, "os.rename('x', 'y'", text);
	snprintf(text, sizeof(text), "~0=%s @", run->dir);
	assert_seen(run, "os.listdir(None)", text);
	assert_int_equal(run_count(run, "os.listdir(", text), 2);
	snprintf(text, sizeof(text), "~0=%s/y", run->dir);
	assert_seen(run, "os.remove('../", text);
	assert_seen(run, "socket.sendto('udp', ['127.0.0.1', 9])", "by=app");
	assert_seen(run, "os.kill('self', 0)", "by=app");
	assert_seen(run, "shop.refund(17, 'x', 1.5, [b'y'], <object>)",
		    "by=app");
	assert_seen(run, "test.bytes(b'\xff')", "by=app");
	run_free(run);
}

/* The event does not name the directory; the call behind it does. */
static void finds_the_directory_of_os_open(void **state)
{
	struct run *run = run_script(
		run_python(), 0,
		"import os, sys, shutil\n"
		"d = sys.argv[1]\n"
		"os.makedirs(d + '/a/b/c')\n"
		"os.close(os.open(d + '/a/b/file', os.O_WRONLY | os.O_CREAT))\n"
		"shutil.rmtree(d + '/a')\n"
		"etc = os.open('/etc', os.O_RDONLY)\n"
		"os.close(os.open('hostname', os.O_RDONLY, dir_fd=etc))\n"
		"os.close(os.open(b'../etc/hostname', os.O_RDONLY, "
		"dir_fd=etc))\n"
		"def stop(event, args):\n"
		"    if event == 'open' and args[0] == 'stopped':\n"
		"        raise OSError\n"
		"sys.addaudithook(stop)\n"
		"try: os.open('stopped', os.O_RDONLY)\n"
		"except OSError: pass\n"
		"os.chdir('/usr')\n"
		"os.close(os.open('lib', os.O_RDONLY))\n");
	char text[200];

	(void)state;
	run_assert_exit(run, 0);
	run_assert_accounts(run);
	snprintf(text, sizeof(text), "~0=%s/a/b ", run->dir);
	assert_seen(run, "open('b', None, ", text);
	snprintf(text, sizeof(text), "~0=%s/a/b/c ", run->dir);
	assert_seen(run, "open('c', None, ", text);
	assert_seen(run, "open('hostname', None, ", "~0=/etc/hostname @");
	assert_seen(run, "open(b'../etc/hostname', None, ",
		    "~0=/etc/hostname @");
	assert_seen(run, "open('stopped', None, ", "~0=/stopped @");
	assert_seen(run, "open('lib', None, ", "~0=/usr/lib @");
	run_free(run);
}

static void tells_import_from_reading(void **state)
{
	struct run *run =
		run_script(run_python(), 0,
			   "import json.tool, linecache, traceback, pkgutil\n"
			   "open(json.tool.__file__).close()\n"
			   "linecache.getlines(json.tool.__file__)\n"
			   "linecache.clearcache()\n"
			   "def f():\n"
			   "    raise ValueError\n"
			   "try:\n"
			   "    f()\n"
			   "except ValueError:\n"
			   "    traceback.format_exc()\n"
			   "json.tool.__loader__.get_data(json.tool.__file__)\n"
			   "pkgutil.get_data('json', 'tool.py')\n");

	(void)state;
	run_assert_exit(run, 0);
	assert_seen(run, "json/__pycache__/tool", "via=import");
	assert_int_equal(run_count(run, "open(", "json/tool.py'"), 4);
	assert_int_equal(run_count(run, "json/tool.py', ", "via=direct"), 4);
	assert_seen(run, "app.py', ", "via=traceback");
	assert_seen(run, "cpython.run_file(", "via=exec by=python");
	run_free(run);
}

static void names_principals(void **state)
{
	struct run *run = run_code(
		run_python(), NULL, 0,
		"import os, sys\n"
		"def inner():\n"
		"    os.listdir('/etc')\n"
		"inner()\n"
		"exec(compile(\"import os\\nos.listdir('/usr')\", '<made>', "
		"'exec'))\n"
		"sys.path.insert(0, '/tmp/x/site-packages')\n"
		"exec(compile(\"os.listdir('/var')\", "
		"'/opt/site-packages/shop/core.py', 'exec'))\n"
		"import subprocess\n"
		"subprocess.run(['true'])\n");

	(void)state;
	run_assert_exit(run, 0);
	assert_seen(run, "os.listdir('/etc')",
		    "@<string>:3:inner via=direct "
		    "by=main owner=<string>");
	assert_seen(run, "os.listdir('/usr')", "by=dynamic owner=-");
	assert_seen(run, "os.listdir('/var')", "by=shop");
	assert_seen(run, "import('encodings'", "by=python");
	assert_seen(run, "subprocess.Popen('true', ['true'], None, None)",
		    "bin/true @");
	run_free(run);
}

#define TOKEN SM_SECRET_HEAD

static void finds_programs_and_names_of_variables(void **state)
{
	struct run *run = run_code(
		run_python(), NULL, 0,
		"import subprocess, os\n"
		"subprocess.run(['true', '--password=hunter2'], "
		"env={'PATH': '/nowhere:/usr/bin', 'B': '1', 'A': 'x'})\n"
		"subprocess.run('true; echo token=abc >/dev/null', "
		"shell=True)\n"
		"subprocess.run(['./true'], cwd='/usr/bin')\n"
		"os.system('true')\n"
		"os.putenv('X', 'secretvalue')\n");

	(void)state;
	run_assert_exit(run, 0);
	assert_seen(run, "subprocess.Popen('true', ['true', '--password=" TOKEN,
		    "%'], None, ['A', 'B', 'PATH']) ~0=/usr/bin/true");
	assert_seen(run, "'true; echo token=" TOKEN, "% >/dev/null'");
	assert_seen(run, "subprocess.Popen('./true'", "~0=/usr/bin/true");
	assert_seen(run, "os.system(b'true')", "by=main");
	assert_seen(run, "os.putenv(b'X', #11)", "by=main");
	assert_int_equal(run_count(run, "hunter2", ""), 0);
	run_free(run);
}

static void counts_what_does_not_fit(void **state)
{
	struct run *run = run_new(0);
	const char *argv[] = { run_python(), "-c",
			       "import sys\n"
			       "for i in range(20000):\n"
			       "    sys.audit('flood', i, 'x' * 100)\n"
			       "    id(i)\n",
			       NULL };
	const struct sm_ring_header *h;

	(void)state;
	run->ring_bytes = SM_RING_BYTES_MIN;
	run->is_slow = true;
	run_command(run, argv);
	run_assert_exit(run, 0);
	run_assert_accounts(run);
	h = run->rings[0]->memory.reader.header;
	assert_true(h->lost[SM_LOSS_RING_FULL] > 10000);
	assert_true(h->noise >= 20000);
	run_free(run);
}

static void survives_without_collector(void **state)
{
	struct run *run = run_new(0);
	const char *argv[] = { run_python(), "-c", "import os; os.listdir('/')",
			       NULL };

	(void)state;
	run->is_dumb = true;
	run_command(run, argv);
	run_assert_exit(run, 0);
	run_free(run);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(records_what_a_script_does),
		cmocka_unit_test(finds_the_directory_of_os_open),
		cmocka_unit_test(tells_import_from_reading),
		cmocka_unit_test(names_principals),
		cmocka_unit_test(finds_programs_and_names_of_variables),
		cmocka_unit_test(counts_what_does_not_fit),
		cmocka_unit_test(survives_without_collector),
	};

	return run_all("agent", tests, sizeof(tests) / sizeof(*tests));
}
