/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_agent_children.c: the agent in forked, spawned and killed children.
 */
#include "tests/unit/agent_run.h"

static void follows_children(void **state)
{
	struct run *run = run_code(
		run_python(), NULL, 0,
		"import os, subprocess, sys\n"
		"me = sys.executable\n"
		"c = ['-c', 'import os; os.listdir(\"/etc\")']\n"
		"pid = os.fork()\n"
		"if pid == 0:\n"
		"    os.listdir('/usr')\n"
		"    os._exit(0)\n"
		"os.waitpid(pid, 0)\n"
		"subprocess.run([me] + c)\n"
		"subprocess.run([me] + c, env={})\n"
		"subprocess.run(['/bin/sh', '-c', 'exec \"$0\" \"$@\"', me] + "
		"c, close_fds=True)\n"
		"os.waitpid(os.posix_spawn(me, [me] + c, {}), 0)\n"
		"pid = os.fork()\n"
		"if pid == 0:\n"
		"    os.execve(me, [me] + c, {})\n"
		"os.waitpid(pid, 0)\n"
		"os.execv(me, [me] + c)\n");

	(void)state;
	run_assert_exit(run, 0);
	run_assert_accounts(run);
	assert_int_equal(run_count(run, "os.listdir('/etc')", "by=main"), 6);
	assert_int_equal(run_count(run, "os.listdir('/usr')", "by=main"), 1);
	/* before 3.10 subprocess forks where it could vfork */
	assert_true(run_count(run, "hello reason=1", "") >= 2);
	run_free(run);
}

static void follows_multiprocessing(void **state)
{
	struct run *run = run_script(
		run_python(), 0,
		"import multiprocessing as m, os, sys\n"
		"def f(x):\n"
		"    os.listdir('/etc')\n"
		"    return x\n"
		"if __name__ == '__main__':\n"
		"    for way in 'fork', 'spawn':\n"
		"        with m.get_context(way).Pool(2) as p:\n"
		"            assert p.map(f, range(4)) == [0, 1, 2, 3]\n"
		"            p.close()\n"
		"            p.join()\n");

	(void)state;
	run_assert_exit(run, 0);
	run_assert_accounts(run);
	assert_int_equal(run_count(run, "os.listdir('/etc')", "by=app"), 8);
	run_free(run);
}

static void notices_forks_nobody_announces(void **state)
{
	struct run *run =
		run_code(run_python(), NULL, 0,
			 "import ctypes, os\n"
			 "fork = ctypes.CDLL(None).syscall\n"
			 "os.listdir('/etc')\n"
			 "if fork(57) == 0:\n" /* SYS_fork on x86-64 */
			 "    os.listdir('/usr')\n"
			 "    os.kill(os.getpid(), 9)\n"
			 "os.wait()\n"
			 "os.listdir('/var')\n");

	(void)state;
#if !defined(__x86_64__)
	skip();
#endif
	run_assert_exit(run, 0);
	run_assert_accounts(run);
	assert_seen(run, "0 os.listdir('/etc')", "by=main");
	assert_seen(run, "1 os.listdir('/usr')", "by=main");
	assert_seen(run, "0 os.listdir('/var')", "by=main");
	run_free(run);
}

static void finds_the_way_back_when_descriptors_are_closed(void **state)
{
	struct run *run = run_code(run_python(), NULL, 0,
				   "import os\n"
				   "os.closerange(3, 4096)\n"
				   "fds = [os.open('/', 0) for i in range(4)]\n"
				   "if os.fork() == 0:\n"
				   "    os.listdir('/usr')\n"
				   "    for fd in fds: os.close(fd)\n"
				   "    os._exit(0)\n"
				   "assert os.wait()[1] == 0\n"
				   "for fd in fds: os.close(fd)\n");

	(void)state;
	run_assert_exit(run, 0);
	run_assert_accounts(run);
	assert_seen(run, "1 os.listdir('/usr')", "by=main");
	run_free(run);
}

static void keeps_count_in_threads_and_forks(void **state)
{
	struct run *run = run_code(
		run_python(), NULL, 0,
		"import os, sys, threading\n"
		"def work():\n"
		"    for i in range(2000):\n"
		"        sys.audit('x', i)\n"
		"ts = [threading.Thread(target=work) for i in range(4)]\n"
		"for t in ts: t.start()\n"
		"for i in range(20):\n"
		"    if os.fork() == 0:\n"
		"        sys.audit('y', i)\n"
		"        os.kill(os.getpid(), 9 if i % 2 else 15)\n"
		"    os.wait()\n"
		"for t in ts: t.join()\n");

	(void)state;
	run_assert_exit(run, 0);
	run_assert_accounts(run);
	assert_int_equal(run_count(run, "0 x(", ""), 8000);
	assert_int_equal(run_count(run, " y(", "by=main"), 20);
	run_free(run);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(follows_children),
		cmocka_unit_test(follows_multiprocessing),
		cmocka_unit_test(notices_forks_nobody_announces),
		cmocka_unit_test(
			finds_the_way_back_when_descriptors_are_closed),
		cmocka_unit_test(keeps_count_in_threads_and_forks),
	};

	return run_all("agent_children", tests, sizeof(tests) / sizeof(*tests));
}
