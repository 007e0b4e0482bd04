# SPDX-License-Identifier: Apache-2.0
"""Raises every kind of call in as many spellings as possible; most fail."""
import ctypes, gc, linecache, os, pickle, pkgutil, signal
import socket, sqlite3, subprocess, sys, tempfile, threading, time, warnings
import dataclasses, collections, importlib.util, runpy, traceback, zipfile


def quietly(function, *args, **more):
    try:
        return function(*args, **more)
    except Exception as error:
        return error


class Path:
    def __fspath__(self):
        return "x.txt"


open("x.txt", "w").close()
fd = os.open("x.txt", os.O_RDONLY)
place = os.open(".", os.O_RDONLY)
ends = os.pipe()
quietly(open, b"\xff\xfe", "wb")
quietly(open, "\udcff\udc80\U0001f40d", "w")
quietly(open, "y" * 5000)
quietly(open, "/" + "long/" * 1000)
quietly(open, "a\0b")
quietly(open, "")
quietly(open, Path())
quietly(open, fd, closefd=False)
quietly(open, True)
quietly(os.open, "x.txt", os.O_PATH)
quietly(os.open, ".", os.O_TMPFILE | os.O_RDWR)
for name in ("x.txt", "./" * 999 + "x.txt"):
    for dir_fd in (place, ends[0], 99):  # two have no path
        quietly(os.open, name, os.O_RDONLY, dir_fd=dir_fd)
for dir_fd in (place, fd, ends[0], 99, -100, -1, None):
    quietly(os.mkdir, "made", dir_fd=dir_fd)
    quietly(os.rename, "made", "moved", src_dir_fd=dir_fd, dst_dir_fd=place)
    quietly(os.link, "x.txt", "y.txt", src_dir_fd=place, dst_dir_fd=dir_fd)
    quietly(os.symlink, "../x.txt", "z.txt", dir_fd=dir_fd)
    quietly(os.remove, "z.txt", dir_fd=dir_fd)
    quietly(os.rmdir, "moved", dir_fd=dir_fd)
    quietly(os.chmod, "x.txt", 0o644, dir_fd=dir_fd)
    quietly(os.utime, "x.txt", (1, 2.5), dir_fd=dir_fd)
for target in (fd, place, ends[0], 99, ".", b".", None, "/", "//etc/../etc"):
    quietly(os.listdir, target)
    quietly(os.scandir, target)
    quietly(os.truncate, target, 0)
    quietly(os.chdir, target) if target in (".", b".", place) else None
    quietly(os.setxattr, target, "user.x", b"secret")
quietly(os.chmod, fd, 0o644)
for name in (":memory:", "", "a.db", b"a.db", "file:b.db?mode=memory",
             "file::memory:", "/nonexistent/c.db", "\udcff.db"):
    quietly(sqlite3.connect, name, uri=str(name).startswith("file"))
for family in ("INET", "INET6", "UNIX", "NETLINK", "PACKET"):
    for kind in ("STREAM", "DGRAM", "RAW", "SEQPACKET"):
        s = quietly(socket.socket, getattr(socket, "AF_" + family),
                    getattr(socket, "SOCK_" + kind))
        if isinstance(s, Exception):
            continue
        for address in (("127.0.0.1", 1), ("::1", 1, 0, 0), ("localhost", 1),
                        "u.sock", b"u.sock", "\0abstract", b"\0ab\xff",
                        "/nonexistent/s", "", (0, 0), ("lo", 0), ("", 0),
                        ("<broadcast>", 9), ("h\xe9", 1)):
            s.settimeout(0.01)
            quietly(s.bind, address)
            quietly(s.connect, address)
            quietly(s.sendto, b"x", address)
            quietly(s.sendmsg, [b"x"], [], 0, address)
        s.close()
        quietly(s.connect, ("127.0.0.1", 1))
for host in ("127.0.0.1", "::1", "localhost", None, "", "x" * 300):
    quietly(socket.getaddrinfo, host, 80)
    quietly(socket.getaddrinfo, host, "http")
    quietly(socket.gethostbyname, host)
    quietly(socket.gethostbyaddr, host)
quietly(socket.getnameinfo, ("127.0.0.1", 80), 0)
for host in ("localhost", "LOCALHOST", b"localhost", "127.0.0.1", "127.1",
             "", "<broadcast>", "loc\u00e4lhost", "localhost."):
    quietly(socket.socket().connect, (host, 1))
    quietly(socket.socket(socket.AF_INET6).connect, (host, 1))
    quietly(socket.socket(type=socket.SOCK_DGRAM).sendto, b"x", (host, 1))
sys.audit("secmgr.resolved", "api.test", ["10.0.0.1", "no address", 7])
sys.audit("secmgr.resolved", "api.test")
quietly(socket.socket().connect, ("127.0.0.1", 1))
child = subprocess.Popen(["sleep", "5"])
for pid in (0, os.getpid(), child.pid, -os.getpgrp(), 1, 999999, -1):
    quietly(os.kill, pid, 0)
    quietly(os.killpg, pid, 0) if pid >= 0 else None
quietly(os.killpg, os.getpgrp(), 0)
child.terminate(); child.wait()
for command, more in (
        (["true"], {}), ("true", {}), (["true"], {"env": {}}),
        (["true"], {"env": {"PATH": "/bin"}}), (["./true"], {"cwd": "/bin"}),
        (["nonexistent-thing"], {}), (["true", b"\xff"], {}),
        (["true", "--password", "hunter2"], {}),
        ("true password=hunter2", {"shell": True}),
        ("echo $HOME | cat > /dev/null", {"shell": True}),
        ("echo 'unclosed", {"shell": True, "stderr": -3}),
        (["true"] + ["a"] * 100, {}), (["true", "z" * 6000], {}),
        ([Path()], {}), (["x"], {"executable": "/bin/true"}),
        (["x"], {"executable": Path()}), ([], {}),
        (("true", "tuple"), {"cwd": Path()})):
    quietly(subprocess.run, command, stdout=-3, **more)
quietly(os.system, "true")
quietly(os.posix_spawnp, "true", ["true"], {})
quietly(os.posix_spawn, "/bin/true", ["true"], os.environ)
quietly(os.spawnv, os.P_WAIT, "/bin/true", ["true"])
long = {f"V{i}": "" for i in range(100)}
for env in ({"PATH": "/opt/x", "LD_LIBRARY_PATH": "/y", "PYTHON\udcff": "1"},
            dict(long, PATH="/long"), {1: "2"}, {"LD_X": Path()}):
    quietly(subprocess.run, ["true"], env=env)
quietly(os.posix_spawn, "/bin/true", ["true"], {b"PATH": b"/q", "LD_X": "2"})
os.environ["PYTHONPATH"] = "/z"  # children inherit it
quietly(os.system, "true")
quietly(subprocess.run, ["true"])
quietly(subprocess.run, ["true"], env=os.environ)
for i in range(70):  # more than is told
    os.environ[f"LD_{i}"] = "1"
quietly(os.system, "true")
quietly(subprocess.run, ["true"], env=dict(os.environ))
for i in range(70):
    del os.environ[f"LD_{i}"]
for name in ("libc.so.6", None, "./nonexistent.so", "/nonexistent.so"):
    quietly(ctypes.CDLL, name)
extension = importlib.util.find_spec("_bz2").origin
os.symlink(os.path.dirname(extension), "linked")
linked = "./linked/" + os.path.basename(extension)
quietly(ctypes.CDLL, linked)
quietly(importlib.util.module_from_spec,
        importlib.util.spec_from_file_location("_bz2", linked))
libc = ctypes.CDLL(None)
quietly(os.symlink, "x.txt", b"\xfe")
memory = os.memfd_create("memory")
for loader in libc, ctypes.PyDLL(None):  # by native code: it tells of paths
    for name in (b"./x.txt", b"./\xfe", b"/dev/null", b"/", b"x.txt", b"",
                 f"/proc/self/fd/{memory}".encode(), b"/nonexistent/x.so",
                 b"./" * 2100 + b"x.txt", None):
        quietly(loader.dlopen, name, 2)
libc.getpid, libc.getpid()
quietly(ctypes.string_at, ctypes.addressof(ctypes.c_int(5)), 1)
quietly(lambda: libc[1])
quietly(pickle.loads, pickle.dumps(collections.OrderedDict(a=1)))
quietly(pickle.loads, b"cos\nsystem\n.")
quietly(pickle.loads, b"c" + b"m" * 5000 + b"\nx\n.")
sys.settrace(None); sys.setprofile(None); gc.get_objects(); gc.get_referrers(1)
sys._current_frames()
sys.audit("shop.refund", 12, 1.0, -0.5, float("inf"), "x", b"\x80\xff",
          [1, (2.0, None), {"a": 1}], 2**70, Path(), True, "v" * 5000,
          list(range(100)), [[[[[[1]]]]]])
sys.audit("shop.empty"); sys.audit("shop.\xe9\u202e")
sys.audit("os.kill"); sys.audit("open"); sys.audit("open", 1.5, None, "x")
sys.audit("open", None, None, 2**70); sys.audit("import", 1, 2, 3, 4, 5)
sys.audit("socket.connect", None, None); sys.audit("exec", "text")
sys.audit("subprocess.Popen", None, None, None, None)
sys.audit("os.exec", "rel/prog", ["a", None, 5], {"K": "v", b"L": 3})
sys.audit("os.exec", "rel/prog", "just text", ["A=1", b"B\xff=2", 7])
sys.audit("cpython._PySys_ClearAuditHooksX")
exec("open('x.txt'); import colorsys")
exec(compile("open('x.txt')\ndef f():\n    open('x.txt')\nf()", "<made up>", "exec"))
exec(compile("open('x.txt')", "relative.py", "exec"))
exec(compile("open('x.txt')", "", "exec"))
quietly(exec, (lambda: 0).__code__.replace(co_filename="\udcff", co_name="\udcfe"))
exec(compile("open('x.txt')", "/elsewhere/other.py", "exec"))
exec(compile("open('x.txt')", "<frozen >", "exec"))
exec(compile("open('x.txt')", "<frozen secret>", "exec"))
namespace = {}
exec(compile("def g(f): f('x.txt')", sys.prefix + "/lib/python3/dist-packages/vendored/a b.py", "exec"), namespace)
namespace["g"](open)
eval("namespace['g'](open)")
dataclasses.make_dataclass("P", ["x", "y"])(1, 2)
collections.namedtuple("Q", "a b")(1, 2)
quietly(runpy.run_path, "x.txt"); quietly(runpy.run_module, "colorsys")
quietly(pkgutil.get_data, "json", "__init__.py")
linecache.getline("x.txt", 1); linecache.getline(linecache.__file__, 1)
warnings.warn("w")
with zipfile.ZipFile("z.zip", "w") as z:
    z.writestr("zipped.py", "import os\ndef f():\n    open('x.txt')\n    1/0\n")
sys.path.insert(0, "z.zip")
importlib.invalidate_caches()
import zipped
quietly(zipped.f)
try:
    zipped.f()
except ZeroDivisionError:
    traceback.print_exc()
def deep(n):
    return deep(n - 1) if n else open("x.txt")
sys.setrecursionlimit(5000)
deep(400)
exec(compile("def deeper(n, f):\n    return deeper(n - 1, f) if n else f('x.txt')", os.__file__, "exec"), namespace)
namespace["deeper"](400, open)
t = threading.Thread(target=open, args=("x.txt",)); t.start(); t.join()
import _thread
_thread.start_new_thread(open, ("x.txt",)); time.sleep(0.05)
signal.signal(signal.SIGALRM, lambda *_: open("x.txt"))
os.kill(os.getpid(), signal.SIGALRM)
class Dropped:
    def __del__(self):
        open("x.txt")
x = Dropped(); del x
gone = tempfile.mkdtemp(); os.chdir(gone); os.rmdir(gone)
quietly(open, "x.txt"); quietly(os.listdir, None); quietly(os.mkdir, "q")
quietly(subprocess.run, ["./prog"]); quietly(sqlite3.connect, "gone.db")
exec(compile("import os; quietly(open, '/etc/hostname')", "nowhere.py", "exec"))
