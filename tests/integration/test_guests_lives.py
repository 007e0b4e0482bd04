# SPDX-License-Identifier: Apache-2.0
"""How a Python program may live and end: other users, roots, interpreters.

On /usr/bin/python3 and on those SM_TEST_PYTHONS names.
"""
import os
import pathlib
import secrets
import shutil
import subprocess
import tempfile
import unittest

import guests
import workloads


class Script(guests.Guest, workloads.Workload):
    argv = ["app.py"]
    versions = True


class Ends(Script):
    """programs that end by os._exit, SIGKILL, a segfault and abort"""

    files = {"app.py": """\
        import os, subprocess, sys
        import known
        known.did("parent")
        for how in ("exit", "kill", "fault", "abort"):
            for kind in ("forked", "started"):
                what = kind + "-" + how
                if kind == "started":
                    print(what, subprocess.run(
                        [sys.executable, "end.py", what]).returncode)
                    continue
                pid = os.fork()
                if not pid:
                    import end
                    end.by(what)
                print(what, os.waitpid(pid, 0)[1] & 0x7f, flush=True)
        """, "end.py": """\
        import os, resource, signal, sys
        import known

        def by(what):
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            known.did(what)
            how = what.split("-")[1]
            if how == "exit":
                os._exit(0)
            if how == "kill":
                os.kill(os.getpid(), signal.SIGKILL)
            if how == "abort":
                os.abort()
            import ctypes
            ctypes.string_at(1)

        if __name__ == "__main__":
            by(sys.argv[1])
        """}
    does = {"parent": 1, **{f"{kind}-{how}": 1
                            for kind in ("forked", "started")
                            for how in ("exit", "kill", "fault", "abort")}}
    torn = 2
    output = "".join(f"forked-{how} {number}\nstarted-{how} {-number}\n"
                     for how, number in (("exit", 0), ("kill", 9),
                                         ("fault", 11), ("abort", 6)))


class AnotherUser(Script):
    """a server whose workers drop their uid"""

    files = {"app.py": """\
        import os, subprocess
        import known
        known.did("master")
        if not os.fork():
            os.setgroups([])
            os.setgid(65534)
            os.setuid(65534)
            known.did("worker")
            if not os.fork():
                known.did("grandchild")
                os._exit(0)
            os.wait()
            # One that everybody may run.
            print(subprocess.run(["/usr/bin/python3", "child.py"]).returncode,
                  flush=True)
            os._exit(0)
        os.wait()
        """, "child.py": """\
        import os
        import known
        known.did("program")
        assert os.getuid() == 65534
        """}
    does = dict.fromkeys(("master", "worker", "grandchild", "program"), 1)
    output = "0\n"


class AnotherRoot(Script):
    """programs that change their root, and fork there"""

    files = {"app.py": """\
        import os, subprocess, sys
        import known
        known.did("outside")
        print(subprocess.run([sys.executable, "leave.py"]).returncode,
              flush=True)
        import leave
        leave.leave("here")
        """, "leave.py": """\
        import os
        import known

        def leave(what):
            os.chroot(known.PLACE)
            os.chdir("/")
            known.PLACE = ""
            known.did(what)
            # There is no /proc to tell where a link leads.
            os.symlink("/did", "/link-" + what)
            open("/link-" + what + "/linked", "wb").close()
            if not os.fork():
                os.setuid(65534)
                known.did(what + "-worker")
                os._exit(0)
            os.wait()
            print(os.getcwd(), flush=True)

        if __name__ == "__main__":
            leave("started")
        """}
    does = dict.fromkeys(("outside", "here", "here-worker", "started",
                          "started-worker"), 1)
    processes = 4
    output = "/\n0\n/\n"


class Interpreters(Script):
    """sub-interpreters"""

    files = {"app.py": """\
        import sys, threading
        try:
            import _interpreters as interpreters
        except ImportError:
            import _xxsubinterpreters as interpreters
        import known
        known.did("main")
        code = ("import sys; sys.path.insert(0, '.')\\n"
                "import known\\n"
                "known.did('%s')\\n")

        def run(what):
            one = interpreters.create()
            interpreters.run_string(one, code % what)
            interpreters.destroy(one)

        for what in ("first", "second"):
            run(what)
        thread = threading.Thread(target=run, args=("thread",))
        thread.start()
        thread.join()
        known.did("after")
        print("ended")
        """}
    does = dict.fromkeys(("main", "first", "second", "thread", "after"), 1)
    processes = 1
    output = "ended\n"


EMBEDDED = r"""
#include <Python.h>

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        Py_Initialize();
        PyRun_SimpleString("import sys; sys.path.insert(0, '.')");
        PyRun_SimpleString(argv[i]);
        Py_Finalize();
    }
    return 0;
}
"""
LATE = r"""
#include <dlfcn.h>

int main(int argc, char **argv)
{
    void *library = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
    void (*start)(int) = dlsym(library, "Py_InitializeEx");
    int (*run)(const char *, void *) =
        dlsym(library, "PyRun_SimpleStringFlags");
    int (*stop)(void) = dlsym(library, "Py_FinalizeEx");

    for (int i = 2; i < argc; i++) {
        start(0);
        run("import sys; sys.path.insert(0, '.')", 0);
        run(argv[i], 0);
        stop();
    }
    return 0;
}
"""
CONFIG = """\
from sysconfig import get_config_var as v
import os
print("-I" + v("INCLUDEPY"), "-L" + v("LIBDIR"), "-Wl,-rpath," + v("LIBDIR"),
      "-lpython" + v("LDVERSION"))
print(os.path.join(v("LIBDIR"), v("MULTIARCH") if os.path.exists(
    os.path.join(v("LIBDIR"), v("MULTIARCH") or "", v("INSTSONAME"))) else "",
    v("INSTSONAME")))
"""


class Embedded(Script):
    """interpreters embedded in a C program, linked or loaded late, twice"""

    does = dict.fromkeys(("linked-0", "linked-1", "late-0", "late-1",
                          "late-child"), 1)
    processes = 3

    @staticmethod
    def config(python):
        """(how to link, the library) of an interpreter."""
        return subprocess.check_output([python, "-c", CONFIG],
                                       text=True).splitlines()

    @classmethod
    def fits(cls, python):
        """Whether it was built with a shared library; Debian's must be."""
        library = cls.config(python)[1]
        return python == workloads.PYTHON or (
            ".so" in library and os.path.isfile(library))

    def prepare(self):
        super().prepare()
        flags, self.library = self.config(self.python)
        for name, code, more in (("linked", EMBEDDED, flags.split()),
                                 ("late", LATE, ["-ldl"])):
            subprocess.run(["gcc", "-xc", "-", "-o", self.place / name, *more],
                           input=code, text=True, check=True)

    def command(self):
        child = ("import os, known\nif not os.fork():\n"
                 " known.did('late-child'); os._exit(0)\nos.wait()\n")
        return ["sh", "-c", 'library=$1; shift; ./linked "$1" "$2" && '
                './late $library "$3" "$4$5"', "sh", self.library,
                *(f"import known; known.did('{what}-{number}')\n"
                  for what in ("linked", "late") for number in range(2)),
                child]


class Container(Script):
    """a container-like namespace: pids and mounts, /tmp of its own"""

    files = {"app.py": """\
        import os, subprocess, sys
        import known
        known.did("outside")
        print(subprocess.run(sys.argv[1:]).returncode)
        """, "inside.py": """\
        import os, subprocess, sys
        import known
        print(os.getpid(), os.listdir("/tmp"), flush=True)
        known.did("init")
        if not os.fork():
            known.did("worker")
            os._exit(0)
        os.wait()
        for options in {}, {"env": {}}, {"shell": True}:
            what = "-".join(["child", *options])
            command = [sys.executable, "child.py", what]
            if options.get("shell"):
                command = " ".join(command)
            print(subprocess.run(command, **options).returncode, flush=True)
        """, "child.py": """\
        import sys
        import known
        known.did(sys.argv[1])
        """}
    does = dict.fromkeys(("outside", "init", "worker", "child", "child-env",
                          "child-shell"), 1)
    output = "1 []\n0\n0\n0\n0\n"

    def command(self):
        return [self.python, "app.py", "unshare", "--pid", "--mount", "--fork",
                "sh", "-c", "mount -t tmpfs none /tmp && "
                "mount -t proc none /proc && exec $0 inside.py", self.python]


class Service(Script):
    """a service manager's child, -D: it is the process that was started"""

    options = ("-D",)
    files = {"app.py": """\
        import os, signal, sys
        import known
        known.did("service")
        if not os.fork():
            known.did("worker")
            os._exit(0)
        os.wait()
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(3))
        print(os.getpid(), flush=True)
        while True:
            signal.pause()
        """}
    does = {"service": 1, "worker": 1}
    status = 3
    output = "the same\n"

    def run(self, wrapper=()):
        self.prepare()
        with subprocess.Popen(
                [*wrapper, *self.command()], cwd=self.place,
                env=workloads.environment(), stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                text=True) as child:
            pid = child.stdout.readline()
            child.terminate()
            output = "the same\n" if pid == f"{child.pid}\n" else pid
            # The collector holds on to stderr for its last word.
            self.own(child.stderr.read())
        return child.returncode, output


class Names(unittest.TestCase):
    """By its name anybody can own the collector's socket once it is gone."""

    OWNER = """\
import os, socket, sys
os.setuid(int(sys.argv[2]))
with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as mine:
    mine.bind("\\0" + sys.argv[1])
    mine.listen()
    print("ready", flush=True)
    sys.stdin.readline()
    mine.setblocking(False)
    try:
        print(len(mine.accept()[0].recv(1)))
    except BlockingIOError:
        print("nobody")
"""

    def hellos(self, uid):
        """What the owner heard of a program that runs as root."""
        path = f"/nowhere/{secrets.token_hex(16)}"
        with subprocess.Popen(
                [workloads.PYTHON, "-c", self.OWNER, path, str(uid)],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                text=True) as owner:
            self.assertEqual("ready\n", owner.stdout.readline())
            subprocess.run(
                [workloads.PYTHON, "-I", "-S", "-c", "pass"], check=True,
                env={**workloads.environment(), "LD_PRELOAD": str(
                    workloads.BUILD / "lib/secmgr/libsecmgr.so"),
                    "SECMGR_CHANNEL": f"0:0:900:0:{0:032x}:{path}"})
            return owner.communicate("\n")[0]

    def test_root_and_the_own_user_are_told_who_asks(self):
        self.assertEqual("1\n", self.hellos(os.getuid()))

    @unittest.skipIf(os.geteuid(), "needs root")
    def test_a_stranger_is_told_nothing(self):
        self.assertEqual("0\n", self.hellos(1234))


STATIC = """
#include <unistd.h>
int main(int argc, char **argv)
{
    char *none[] = { 0 };

    if (argc < 3)
        return 2;
    return execve(argv[2], argv + 2, *argv[1] == 'e' ? none : environ);
}
"""


@unittest.skipIf(os.geteuid(), "needs root")
class Uncovered(unittest.TestCase):
    """What secmgr-record(1) says is not covered, beside what is."""

    def setUp(self):
        self.base = pathlib.Path(tempfile.mkdtemp(prefix="secmgr-uncovered-",
                                                  dir="/var/tmp"))
        self.base.chmod(0o755)
        self.addCleanup(shutil.rmtree, self.base)
        guests.install(self.base / "usr")
        (self.base / "app.py").write_text(
            "import sys\nopen('did-' + sys.argv[1], 'wb').close()\n")

    def done(self, *steps):
        """Names that the steps made, and those of them in the trace."""
        subprocess.run(
            [self.base / "usr/bin/secmgr-record", "-q", "-o", "t.db", "--",
             "sh", "-ec", "\n".join(steps)], cwd=self.base, check=True,
            env=workloads.environment(), stderr=subprocess.DEVNULL)
        seen = {request["resource"].rpartition("did-")[2]
                for event in guests.events(self.base / "t.db", "-e", "open")
                for request in event["requests"]
                if "did-" in request["resource"]}
        return {path.name[4:] for path in self.base.glob("did-*")}, seen

    def test_a_program_that_changes_its_user_loads_no_library(self):
        shutil.copy(workloads.PYTHON, self.base / "python")
        os.chown(self.base / "python", 65534, 65534)
        (self.base / "python").chmod(0o4755)
        self.base.chmod(0o777)
        self.assertEqual(
            ({"before", "setuid", "child"}, {"before"}),
            self.done("python3 app.py before", "./python app.py setuid",
                      "./python -c 'import os; "
                      "os.system(\"python3 app.py child\")'"))

    def test_a_static_program_hides_what_it_gives_no_environment(self):
        subprocess.run(["gcc", "-static", "-xc", "-D_GNU_SOURCE", "-", "-o",
                        self.base / "static"], input=STATIC, text=True,
                       check=True)
        self.assertEqual(
            ({"kept", "emptied"}, {"kept"}),
            self.done("./static keep /usr/bin/python3 app.py kept",
                      "./static empty /usr/bin/python3 app.py emptied"))

    def test_a_root_without_the_library_is_out_of_reach(self):
        self.assertEqual(
            ({"before", "hidden"}, {"before"}),
            self.done("python3 app.py before", "unshare --mount sh -ec '"
                      f"mount -t tmpfs none {self.base}/usr; "
                      "python3 app.py hidden'"))

    def test_a_hidden_socket_in_another_network_is_out_of_reach(self):
        self.assertEqual(
            ({"mounts", "both"}, {"mounts"}),
            self.done("unshare --mount sh -ec 'mount -t tmpfs none /tmp; "
                      "python3 app.py mounts'",
                      "unshare --mount --net sh -ec 'mount -t tmpfs none "
                      "/tmp; python3 app.py both'"))


GUESTS = (Ends, AnotherUser, AnotherRoot, Interpreters, Embedded, Container,
          Service)


def load_tests(loader, tests, _):
    suite = guests.cases(loader, GUESTS)
    suite.addTests(tests)
    return suite


if __name__ == "__main__":
    unittest.main()
