# SPDX-License-Identifier: Apache-2.0
"""Workloads that run to their end: scripts, children, threads, sockets."""
from workloads import Workload, free_port


class Script(Workload):
    argv = ["app.py"]
    files = {
        "app.py": """\
            import csv, glob, json, os, pickle, shutil, sqlite3, tempfile
            import collections, datetime
            import words

            for user in ("anna", "ben", "carla del mar"):
                os.makedirs(f"data/{user}")
                with open(f"data/{user}/profile.json", "w") as f:
                    json.dump({"user": user}, f)
            for path in sorted(glob.glob("data/*/profile.json")):
                with open(path) as f:
                    print(path, words.shout(json.load(f)["user"]))
            with tempfile.TemporaryDirectory() as place:
                shutil.copy("data/anna/profile.json", place)
                print(os.listdir(place))
            with tempfile.NamedTemporaryFile("w+") as f:
                csv.writer(f).writerow([1, 2])
                print(f.tell())
            with sqlite3.connect("app.db") as db:
                db.execute("create table t(a)")
                db.execute("insert into t values (7)")
                print(db.execute("select a from t").fetchall())
            db.close()
            value = {"when": datetime.date(2026, 1, 2),
                     "order": collections.OrderedDict(a=1)}
            with open("state.pickle", "wb") as f:
                pickle.dump(value, f)
            with open("state.pickle", "rb") as f:
                print(pickle.load(f))
            os.rename("state.pickle", "state.old")
            os.chmod("state.old", 0o600)
            os.symlink("state.old", "state.link")
            print(open("state.link", "rb").read(2), eval("1 + 1"))
            os.remove("state.old")
            try:
                open("missing.txt")
            except OSError as error:
                print(type(error).__name__)
            shutil.rmtree("data")
            """,
        "words.py": """\
            def shout(text):
                return text.upper()
            """,
    }


class Linked(Workload):
    """A release layout: everything is reached through `current`."""

    argv = ["app.py"]
    files = {"app.py": """\
        import os, shutil, socket, sqlite3, tempfile
        os.makedirs("releases/7/var")
        os.symlink("releases/7", "current")
        os.symlink("current/var/log.txt", "log")
        var = "current/var/"
        with open("log", "w") as f:
            f.write("up")
        os.mkdir(var + "spool")
        for name in ("a.job", "b.job", "c.job"):
            with open(var + "new", "w") as f:
                f.write(name)
            os.replace(var + "new", var + "spool/" + name)
            os.chmod(var + "spool/" + name, 0o640)
            os.utime(var + "spool/" + name)
        print(sorted(os.listdir(var + "spool")),
              sorted(e.name for e in os.scandir(var)))
        os.link(var + "spool/a.job", var + "kept")
        os.symlink("spool", var + "queue")
        os.truncate(var + "queue/b.job", 1)
        os.remove(var + "queue/c.job")
        with sqlite3.connect(var + "app.db") as db:
            db.execute("create table t(a)")
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(var + "app.sock")
            server.listen()
            with socket.socket(socket.AF_UNIX) as client:
                client.connect(var + "queue/../app.sock")
        shutil.rmtree(var + "spool")
        with tempfile.TemporaryDirectory(dir="current") as place:
            os.mkdir(place + "/x")
        print(sorted(os.listdir("releases/7/var")), open("log").read())
        """}


class Isolated(Workload):
    argv = ["-I", "-S", "-E", "app.py"]
    files = {"app.py": """\
        import sys
        with open("out.txt", "w") as f:
            f.write("isolated")
        print(open("out.txt").read(), sys.flags.isolated, sys.flags.no_site)
        """}


class DevelopmentMode(Script):
    argv = ["-X", "dev", "app.py"]


class Command(Workload):
    argv = ["-c", "import json, sys; f = open('x', 'w'); f.write('1'); "
            "f.close(); print(json.dumps(sys.argv), open('x').read())", "--a"]


class StandardInput(Workload):
    argv = ["-"]
    stdin = "import os\nprint(sorted(os.listdir('.')), len(__name__))\n"
    files = {"a b.txt": "x"}


class Traceback(Workload):
    argv = ["app.py"]
    files = {"app.py": """\
        import json
        def deep(n):
            return deep(n - 1) if n else json.loads("{")
        deep(3)
        """}


class Children(Workload):
    processes = 7
    argv = ["app.py"]
    files = {
        "app.py": """\
            import os, subprocess, sys
            run = [sys.executable, "child.py"]
            print(subprocess.run(run + ["a"], capture_output=True).stdout)
            print(subprocess.run(run + ["b"], close_fds=False, text=True,
                                 capture_output=True).stdout)
            print(subprocess.check_output(
                "python3 child.py shell | sort", shell=True))
            print(subprocess.check_output(["sh", "-c", "exec python3 child.py x"]))
            print(subprocess.check_output(run + ["bare"], env={}))
            sys.stdout.flush()
            print(os.system("python3 child.py system > /dev/null"))
            print(os.popen("echo plain").read())
            sys.stdout.flush()
            os.execv(sys.executable, run + ["exec"])
            """,
        "child.py": """\
            import sys
            print("child", sys.argv[1], open("note.txt").read())
            """,
        "note.txt": "note",
    }


MULTIPROCESSING = """\
    import multiprocessing, sys

    def work(number):
        with open(f"part-{number}.txt", "w") as f:
            f.write(str(number * number))
        with open(f"part-{number}.txt") as f:
            return int(f.read())

    if __name__ == "__main__":
        context = multiprocessing.get_context(sys.argv[1])
        with context.Pool(3) as pool:
            print(pool.map(work, range(8)))
            pool.close()
            pool.join()
    """


class MultiprocessingFork(Workload):
    processes = 4
    argv = ["app.py", "fork"]
    files = {"app.py": MULTIPROCESSING}


class MultiprocessingSpawn(Workload):
    processes = 4
    argv = ["app.py", "spawn"]
    files = {"app.py": MULTIPROCESSING}


class Generated(Workload):
    modules = ("attr",)
    argv = ["app.py"]
    files = {"app.py": """\
        import collections, dataclasses
        import attr
        @attr.s
        class A:
            a = attr.ib(converter=int)
        @dataclasses.dataclass
        class D:
            d: int = 1
        T = collections.namedtuple("T", "t")
        exec(compile("print(A('1'), D(), T(2))", "", "exec"))
        """}


class Pytest(Workload):
    modules = ("pytest",)
    argv = ["app.py"]
    files = {
        "app.py": """\
            import pytest
            print(pytest.main(["-p", "no:terminal", "-p", "no:cacheprovider",
                               "--basetemp", "temporary"]))
            """,
        "test_it.py": """\
            import late
            def test_files(tmp_path):
                (tmp_path / "a").write_text(late.text())
                assert (tmp_path / "a").read_text() == "1"
            """,
        "late.py": """\
            def text():
                return "1"
            """,
        # Else it reads settings of the directories above.
        "pytest.ini": "[pytest]\n"}


class Threads(Workload):
    argv = ["app.py"]
    files = {"app.py": """\
        import concurrent.futures, queue, threading

        def work(number):
            name = f"thread-{number}.log"
            with open(name, "a") as f:
                f.write("x" * number)
            with open(name) as f:
                return len(f.read())

        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            print(list(pool.map(work, range(40))))
        """}


class Asyncio(Workload):
    processes = 2
    argv = ["app.py"]
    files = {"app.py": """\
        import asyncio, sys

        async def answer(reader, writer):
            writer.write((await reader.readline()).upper())
            writer.close()

        async def main():
            server = await asyncio.start_unix_server(answer, "app.sock")
            async with server:
                for word in (b"one", b"two"):
                    reader, writer = await asyncio.open_unix_connection(
                        "app.sock")
                    writer.write(word + b"\\n")
                    print(await reader.read())
                    writer.close()
            child = await asyncio.create_subprocess_exec(
                sys.executable, "-c", "print(6 * 7)",
                stdout=asyncio.subprocess.PIPE)
            print((await child.communicate())[0])
            loop = asyncio.get_running_loop()
            print(await loop.run_in_executor(
                None, lambda: open("app.py").readline()))

        asyncio.run(main())
        """}


class Network(Workload):
    argv = ["app.py"]

    def __init__(self, *how):
        super().__init__(*how)
        self.argv = ["app.py", str(free_port())]

    files = {"app.py": """\
        import http.server, sys, threading, urllib.request

        class Hello(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(200)
                self.end_headers()
                self.wfile.write(b"hello " + self.path.encode())
            def log_message(self, *args):
                pass

        port = int(sys.argv[1])
        server = http.server.HTTPServer(("127.0.0.1", port), Hello)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        for name in ("127.0.0.1", "localhost"):
            url = f"http://{name}:{port}/{name}"
            print(urllib.request.urlopen(url).read())
        server.shutdown()
        """}
