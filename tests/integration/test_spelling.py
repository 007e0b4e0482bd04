# SPDX-License-Identifier: Apache-2.0
"""A rule on a path cannot be passed by another spelling of it.

The policy lets the application do anything below open/ and nothing below
secret/, and lets the aliases under /proc and /dev be spelled, so that only
what the kernel really finds can decide. spelling_cases.py has a row a spelling.
"""
import collections
import json
import os
import pathlib
import shutil
import socket
import subprocess
import tempfile
import unittest

import live_replay
import spelling_cases
import workloads

HERE = pathlib.Path(__file__).resolve().parent
TOOL_SECONDS = 300
# Whatever an interpreter, and its environment, is made of.
PREFIXES = sorted({str(pathlib.Path(python).resolve().parents[1])
                   for python in workloads.pythons()})


class Place:
    """The two directories, the policy, and the program in between."""

    def __init__(self):
        self.base = pathlib.Path(tempfile.mkdtemp(prefix="spelling")).resolve()
        self.open, self.secret = self.base / "open", self.base / "secret"
        self.policy = self.base / "policy.json"
        self.policy.write_text(json.dumps(self.rules()))

    def rules(self):
        every = ["read", "write", "create", "delete", "list", "meta", "link"]
        app = str(self.base / "app")
        paths = [f"{self.open}", f"{self.open}/**", str(self.base)]
        rules = [{"id": f"o{i}", "path": path, "access": every}
                 for i, path in enumerate(paths)]
        # Only the second step may stand between these and secret/.
        aliases = ["/proc/**", "/dev/fd/**", "/etc/**"] + [
            prefix + "/**" for prefix in PREFIXES]
        rules += [{"id": f"a{i}", "path": path,
                   "access": ["read", "write", "create", "list"],
                   "via": ["direct", "import", "traceback", "exec"]}
                  for i, path in enumerate(aliases)]
        return {"secmgr": 1, "files": rules,
                "deny": [{"id": "v", "path": f"{self.open}/vault/**",
                          "access": ["read", "delete"]}],
                "code": [{"id": "c1", "load": app + "/**"}],
                "modes": {"events": "warn", "code": "warn",
                          "native": "warn"}}

    def fill(self):
        for directory in (self.open, self.secret, self.base / "app"):
            shutil.rmtree(directory, ignore_errors=True)
            directory.mkdir()
        (self.secret / "f").write_text("secret")
        (self.secret / "one").write_text("secret")  # it has no other name
        (self.secret / "sub").mkdir()
        (self.open / "mine").write_text("mine")
        (self.open / "empty").mkdir()
        (self.open / "vault" / "sub").mkdir(parents=True)
        (self.open / "vault" / "f").write_text("secret")
        with open(os.fsencode(self.secret) + b"/\xff", "w") as file:
            file.write("secret")
        os.link(self.secret / "f", self.open / "hard")
        for name, target in (("link", "../secret/f"), ("dir", "../secret"),
                             ("twice", "link"), ("below", "../secret/sub"),
                             ("dangling", "../secret/new"),
                             ("dangling2", "dangling"), ("fine", "mine"),
                             ("here", "."), ("loop", "loop"),
                             ("to_ff", b"../secret/\xff"),
                             (b"\xfe", "../secret/f")):
            os.symlink(os.fsencode(target),
                       os.path.join(os.fsencode(self.open),
                                    os.fsencode(name)))

    def state(self):
        return sorted((str(path), path.stat().st_mode, path.stat().st_mtime_ns,
                       path.stat().st_size)
                      for path in [self.secret, *self.secret.rglob("*")])

    def run(self, python, attempt):
        script = self.base / "app" / "main.py"
        script.write_text(spelling_cases.SETUP + attempt + "\n")
        with open(self.secret / "f", "r+b") as file:
            done = subprocess.run(
                [workloads.program("secmgr-enforce"), "--policy",
                 str(self.policy), "--", python, str(script),
                 str(self.open), str(self.secret), str(file.fileno())],
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                stderr=subprocess.PIPE, timeout=TOOL_SECONDS, check=False,
                pass_fds=[file.fileno()], cwd=self.open,
                env=workloads.environment())
        return (done.returncode, done.stdout.decode(),
                done.stderr.decode("utf-8", "replace"))


class Spelling(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.place = Place()

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.place.base, ignore_errors=True)

    def each(self, rows, check):
        for python in workloads.pythons():
            for name, *rest in rows:
                with self.subTest(name, python=python):
                    self.place.fill()
                    check(python, *rest)

    def denied(self, python, attempt):
        before = self.place.state()
        _, out, err = self.place.run(python, attempt)
        self.assertNotIn("LEAK", out)
        self.assertRegex(err, "PermissionError|PolicyViolation")
        self.assertEqual(before, self.place.state())

    def read(self, python, attempt, outcome):
        if outcome is spelling_cases.DENIED:
            self.denied(python, attempt)
        else:
            _, out, err = self.place.run(python, attempt)
            self.assertIn("LEAK", out, err)

    def reached(self, python, call):
        self.denied(python, "o, d = os.open(O, D), os.open(S, D)\n" + call)

    def raced(self, python, attempt):
        before = self.place.state()
        status, out, err = self.place.run(python, attempt)
        self.assertNotIn("LEAK", out)
        self.assertEqual(status, 0, err)
        # Both ways of the link were met.
        done, denied = map(int, out.split())
        self.assertGreater(done, 1500)
        self.assertGreater(denied, 100)
        self.assertEqual(before, self.place.state())

    def allowed(self, python, attempt):
        status, _, err = self.place.run(python, attempt)
        self.assertEqual(status, 0, err)

    def test_nothing_is_read_by_another_spelling(self):
        self.each(spelling_cases.READING, self.read)

    def test_nothing_is_reached_by_a_directory_descriptor(self):
        rules = self.place.rules()
        # the directory itself may be opened here
        rules["files"].append({"id": "d", "access": ["read"],
                               "path": str(self.place.secret)})
        self.place.policy.write_text(json.dumps(rules))
        self.each(spelling_cases.AT, self.reached)
        self.place.policy.write_text(json.dumps(self.place.rules()))

    def test_nothing_is_made_or_emptied_by_another_spelling(self):
        self.each(spelling_cases.WRITING, self.denied)

    def test_who_replaces_links_wins_no_race(self):
        self.each([("race", spelling_cases.RACING)], self.raced)

    def test_what_is_allowed_stays_as_it_was(self):
        self.each(spelling_cases.ALLOWED, self.allowed)

    @staticmethod
    def unshare():
        """A command to mount things below."""
        unshare = ["unshare", "-m"]
        if subprocess.run([*unshare, "true"], check=False,
                          stderr=subprocess.DEVNULL).returncode:
            # In a chroot there is no mount whose propagation could change.
            unshare.append("--propagation=unchanged")
        return unshare

    def untold(self, trace):
        """Events of what nothing tells the path of, as a replay denies them."""
        done = subprocess.run(
            [workloads.program("secmgr-replay"), "--json", self.place.policy,
             trace], stdout=subprocess.PIPE, timeout=TOOL_SECONDS, check=False)
        replayed = json.loads(done.stdout)
        self.assertEqual(0, replayed.get("differs", 0))
        return {one["event"] for one in replayed["denials"]
                if one["event"].startswith("secmgr.")}

    def without_proc(self, python, attempt):
        rules = self.place.rules()
        rules["network"] = [{"id": "b", "bind": f"{self.place.open}/**"}]
        rules["files"].append({"id": "q", "path": f"{self.place.open}/**",
                               "access": ["sqlite"]})
        self.place.policy.write_text(json.dumps(rules))
        before = self.place.state()
        script = self.place.base / "app" / "main.py"
        script.write_text(spelling_cases.SETUP + attempt)
        traces = [self.place.base / name for name in ("t.db", "e.db")]
        command = [*self.unshare(), "sh", "-c",
                   'mount -t tmpfs none /proc && exec "$@"', "sh", python,
                   script, self.place.open, self.place.secret]
        done = workloads.covered("secmgr-enforce", [
            "-p", self.place.policy, "-o", traces[1], "--", *command],
            stdin=subprocess.DEVNULL, env=workloads.environment())
        self.assertEqual(0, done.returncode, done.stderr)
        self.assertEqual(
            ["LEAK mine", "LEAK secret"] + [
                f"denied: {name}" for name in ("dir_fd", *(
                    f"{name}, linked" for name in (
                        "list", "make", "chmod", "truncate", "database",
                        "socket", "remove", "rename")))],
            done.stdout.splitlines(), done.stderr)
        self.assertEqual(before, self.place.state())
        # A recording holds as well what nothing tells the path of.
        self.place.fill()
        script.write_text(spelling_cases.SETUP + attempt)
        workloads.covered("secmgr-record", ["-o", traces[0], "--", *command],
                          stdin=subprocess.DEVNULL,
                          env=workloads.environment())
        untold = [self.untold(trace) for trace in traces]
        self.assertEqual(untold[0], untold[1])
        self.assertEqual({"secmgr." + name for name in (
            "listed", "made", "removed", "renamed", "changed", "truncated",
            "database", "bound")}, untold[0])
        compared = live_replay.Compared(f"--live={python}", self.place.policy,
                                        traces)
        self.assertEqual([], compared.faults())
        self.place.policy.write_text(json.dumps(self.place.rules()))

    @unittest.skipUnless(os.geteuid() == 0, "mounting needs root")
    def test_without_proc_links_are_opened_and_else_denied(self):
        self.each([("without /proc", spelling_cases.WITHOUT_PROC)],
                  self.without_proc)

    @unittest.skipUnless(os.geteuid() == 0, "mounting needs root")
    def test_a_bind_mount_is_a_path_of_its_own(self):
        # The kernel knows the file by the path it is mounted at.
        self.place.fill()
        (self.place.open / "mnt").mkdir()
        script = self.place.base / "app" / "main.py"
        script.write_text(spelling_cases.SETUP + "text(O + '/mnt/f')\n")
        done = subprocess.run(
            [*self.unshare(), "sh", "-c",
             'mount --bind "$1" "$2"/mnt && exec "$3" --policy "$4" -- "$5" '
             '"$6" "$2" "$1"', "sh", str(self.place.secret),
             str(self.place.open), workloads.program("secmgr-enforce"),
             str(self.place.policy), workloads.PYTHON, str(script)],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, timeout=TOOL_SECONDS, check=False,
            env=workloads.environment())
        self.assertIn(b"LEAK", done.stdout, done.stderr)


class Calls(unittest.TestCase):
    """Every access by every spelling: spelling_calls.py."""

    def setUp(self):
        self.base = pathlib.Path(tempfile.mkdtemp(prefix="spell")).resolve()
        self.addCleanup(shutil.rmtree, self.base, ignore_errors=True)
        for name in ("open", "secret", "open/t"):
            self.fill(self.base / name)
        self.policy = self.base / "policy.json"
        # Only the second step may stand between the aliases and secret/.
        paths = [f"{self.base}/open", f"{self.base}/open/**", "/proc/**",
                 "/dev/fd/**"]
        every = ["read", "write", "create", "delete", "list", "meta", "link",
                 "sqlite"]
        self.policy.write_text(json.dumps({
            "secmgr": 1,
            "modes": dict.fromkeys(["code", "native", "events", "pickles",
                                    "processes"], "off"),
            "files": [{"id": f"f{i}", "path": path, "access": every}
                      for i, path in enumerate(paths)] + [
                {"id": f"p{i}", "path": prefix + "/**",
                 "access": ["read", "list"],
                 "via": ["direct", "import", "traceback", "exec"]}
                for i, prefix in enumerate(["/etc", *PREFIXES])],
            "network": [{"id": f"n{i}{access}", access: path}
                        for i, path in enumerate(paths[1:])
                        for access in ("connect", "bind")]}))

    def fill(self, place):
        (place / "sub").mkdir(parents=True)
        (place / "f").write_text("secret")
        listening = socket.socket(socket.AF_UNIX)
        listening.bind(str(place / "sock"))
        listening.listen(4096)
        self.addCleanup(listening.close)

    def raise_all(self, python, target, wrapper, *options):
        """{(spelling, access): what it came to}"""
        directory = os.open(target, os.O_DIRECTORY)
        try:
            done = subprocess.run(
                [*wrapper, python, HERE / "spelling_calls.py",
                 self.base / "open", target, str(directory), *options],
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                stderr=subprocess.PIPE, timeout=TOOL_SECONDS, check=False,
                pass_fds=[directory], env=workloads.environment())
        finally:
            os.close(directory)
        rows = [json.loads(row) for row in done.stdout.splitlines()]
        self.assertTrue(rows, done.stderr)
        self.assertEqual(rows.pop(), ["", "made", len(rows)], done.stderr)
        return {(spelling, access): result
                for spelling, access, result in rows}

    def wrapper(self, *command):
        return [workloads.program(command[0]), *command[1:], "--"]

    def test_no_access_by_any_spelling(self):
        secret = self.base / "secret"
        before = sorted((str(path), path.stat().st_mode,
                         path.stat().st_mtime_ns, path.stat().st_size)
                        for path in [secret, *secret.rglob("*")])
        for python in workloads.pythons():
            with self.subTest(python):
                results = self.raise_all(
                    python, secret,
                    self.wrapper("secmgr-enforce", "-p", self.policy))
                self.assertGreater(len(results), 1000)
                self.assertEqual({}, {what: result for what, result
                                      in results.items()
                                      if result != "denied"})
                self.assertEqual(before, sorted(
                    (str(path), path.stat().st_mode, path.stat().st_mtime_ns,
                     path.stat().st_size)
                    for path in [secret, *secret.rglob("*")]))

    def test_what_is_allowed_stays_as_it_was(self):
        target = self.base / "open" / "t"
        for python in workloads.pythons():
            with self.subTest(python):
                bare = self.raise_all(python, target, [], "again")
                shown = collections.Counter(bare.values())
                self.assertGreater(shown["done"], 700)
                for wrapper in (
                        self.wrapper("secmgr-record", "--force", "-o",
                                     self.base / "t.db"),
                        self.wrapper("secmgr-enforce", "-p", self.policy)):
                    held = self.raise_all(python, target, wrapper, "again")
                    self.assertEqual({}, {
                        what: (bare[what], result) for what, result
                        in held.items() if bare[what] != result})


if __name__ == "__main__":
    unittest.main()
