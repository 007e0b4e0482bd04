# SPDX-License-Identifier: Apache-2.0
"""Every way a Python program has to start others, or to become another.

On /usr/bin/python3 and on those SM_TEST_PYTHONS names.
"""
import os
import unittest

import guests
import test_interpreters
import workloads


class Script(guests.Guest, workloads.Workload):
    argv = ["app.py"]
    versions = True


MULTIPROCESSING = """\
    import multiprocessing
    import known

    def work(what):
        known.did(what)

    if __name__ == "__main__":
        known.did("parent")
        for kind in ("fork", "spawn", "forkserver"):
            context = multiprocessing.get_context(kind)
            for number in range(2):
                process = context.Process(target=work,
                                          args=(f"{kind}-{number}",))
                process.start()
                process.join()
                print(kind, process.exitcode)
    """


class Multiprocessing(Script):
    """multiprocessing by fork, spawn and forkserver"""

    files = {"app.py": MULTIPROCESSING}
    does = {"parent": 1, **{f"{kind}-{number}": 1 for number in range(2)
                            for kind in ("fork", "spawn", "forkserver")}}
    output = "fork 0\nfork 0\nspawn 0\nspawn 0\nforkserver 0\nforkserver 0\n"


class Pools(Script):
    """thread pools and process pools"""

    files = {"app.py": """\
        import concurrent.futures as futures, multiprocessing, threading
        import known

        def begin(barrier):
            global together
            together = barrier

        def work(what):
            together.wait()  # until each worker has one
            known.did(what)
            return what

        if __name__ == "__main__":
            known.did("parent")
            context = multiprocessing.get_context("fork")
            barrier = context.Barrier(2)
            with context.Pool(2, begin, (barrier,)) as pool:
                print(pool.map(work, ["pool-0", "pool-1"], 1))
                pool.close()
                pool.join()
            with futures.ProcessPoolExecutor(
                    2, context, begin, (barrier,)) as pool:
                print(list(pool.map(work, ["executor-0", "executor-1"])))
            begin(threading.Barrier(2))
            with futures.ThreadPoolExecutor(2) as pool:
                print(list(pool.map(work, ["thread-0", "thread-1"])))
        """}
    does = {"parent": 1, **{f"{kind}-{number}": 1 for number in range(2)
                            for kind in ("pool", "executor", "thread")}}
    processes = 5
    output = ("['pool-0', 'pool-1']\n['executor-0', 'executor-1']\n"
              "['thread-0', 'thread-1']\n")


CHILD = """\
    import sys
    import known
    known.did(sys.argv[1])
    """


class Commands(Script):
    """asyncio subprocesses, emptied environments, posix_spawn, os.system"""

    files = {"app.py": """\
        import asyncio, os, subprocess, sys
        import known

        def child(what):
            return [sys.executable, "child.py", what]

        async def awaited():
            by_exec = await asyncio.create_subprocess_exec(*child("exec"))
            by_shell = await asyncio.create_subprocess_shell(
                " ".join(child("shell")))
            print(await by_exec.wait(), await by_shell.wait())

        known.did("parent")
        asyncio.run(awaited())
        print(subprocess.run(child("empty-run"), env={}).returncode)
        print(os.spawnve(os.P_WAIT, sys.executable, child("empty-spawn"), {}))
        for what, environment in (("posix-spawn", os.environ),
                                  ("empty-posix-spawn", {})):
            pid = os.posix_spawn(sys.executable, child(what), environment)
            print(os.waitpid(pid, 0)[1])
        if not os.fork():
            os.execve(sys.executable, child("empty-exec"), {})
        print(os.wait()[1])
        print(os.system(" ".join(child("system"))))
        print(os.popen(" ".join(child("popen"))).close())
        """, "child.py": CHILD}
    does = dict.fromkeys(
        ("parent", "exec", "shell", "empty-run", "empty-spawn", "posix-spawn",
         "empty-posix-spawn", "empty-exec", "system", "popen"), 1)
    output = "0 0\n" + "0\n" * 6 + "None\n"


class AnotherPython(Script):
    """os.execv into another Python, and back"""

    files = {"app.py": """\
        import os, sys
        import known
        known.did(sys.argv[1])
        if len(sys.argv) > 2:
            os.execv(sys.argv[2], [sys.argv[2], "app.py", *sys.argv[3:]])
        print("ended")
        """}
    does = {"first": 1, "second": 1, "third": 1}
    processes = 1
    output = "ended\n"

    def command(self):
        others = [path for path in test_interpreters.interpreters().values()
                  if workloads.version_of(path) !=
                  workloads.version_of(self.python)]
        other = others[-1] if others else self.python
        return [self.python, "app.py", "first", other, "second", self.python,
                "third"]


class Daemon(Script):
    """a double-forking daemon that closes every descriptor"""

    files = {"app.py": """\
        import os, sys
        import known
        known.did("starter")
        if os.fork():
            os.wait()
            with open("up") as up:  # a fifo: until the daemon is there
                print(up.read())
            sys.exit()
        os.setsid()
        known.did("session")
        if os.fork():
            os._exit(0)
        os.closerange(0, 65536)
        os.open("/dev/null", os.O_RDWR)
        os.dup2(0, 1)
        os.dup2(0, 2)
        known.did("daemon")
        if not os.fork():
            known.did("worker")
            os._exit(0)
        os.wait()
        if not os.fork():
            os.execv(sys.executable, [sys.executable, "child.py", "program"])
        os.wait()
        with open("up", "w") as up:
            up.write("up")
        """, "child.py": CHILD}
    does = dict.fromkeys(("starter", "session", "daemon", "worker", "program"),
                         1)
    output = "up\n"

    def prepare(self):
        super().prepare()
        os.mkfifo(self.place / "up")


GUESTS = (Multiprocessing, Pools, Commands, AnotherPython, Daemon)


def load_tests(loader, _, __):
    return guests.cases(loader, GUESTS)


if __name__ == "__main__":
    unittest.main()
