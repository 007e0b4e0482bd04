# SPDX-License-Identifier: Apache-2.0
"""Every access by every spelling of a directory's files; run in the guest.

usage: spelling_calls.py OPEN TARGET DIR_FD [again]

TARGET holds f, sub/ and sock, which listens; OPEN holds links to them. DIR_FD
is open on TARGET. With `again` TARGET is set up anew before each call. Prints
a JSON object a call: [spelling, access, what it came to].
"""
import json
import os
import shutil
import socket
import sqlite3
import sys
import threading

O, T, FD = sys.argv[1], sys.argv[2], int(sys.argv[3])
RESETS = sys.argv[4:] == ["again"]


def database(path):
    connection = sqlite3.connect(path)
    try:
        connection.execute("select 1")
    finally:
        connection.close()


def local(path, method):
    with socket.socket(socket.AF_UNIX) as one:
        getattr(one, method)(path)


def datagram(path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as one:
        one.sendto(b"x", path)


def low(path, flags, **at):
    os.close(os.open(path, flags, **at))


def high(path, mode):
    with open(path, mode):
        pass


def mine():
    return O + "/mine"


# name: (what of TARGET it is called with, takes dir_fd, follows a last link,
# function)
ACCESS = {
    "open read": ("f", True, True,
                  lambda p, **at: low(p, os.O_RDONLY, **at)),
    "open write": ("f", True, True,
                   lambda p, **at: low(p, os.O_WRONLY, **at)),
    "open truncate": ("f", True, True, lambda p, **at: low(
        p, os.O_RDONLY | os.O_TRUNC, **at)),
    "open create": ("new", True, True, lambda p, **at: low(
        p, os.O_CREAT | os.O_WRONLY, **at)),
    "open create exclusively": ("new", True, False, lambda p, **at: low(
        p, os.O_CREAT | os.O_EXCL | os.O_WRONLY, **at)),
    "open O_PATH": ("f", True, True, lambda p, **at: low(
        p, getattr(os, "O_PATH", 0o10000000), **at)),
    "open O_TMPFILE": ("", True, True, lambda p, **at: low(
        p, os.O_TMPFILE | os.O_RDWR, **at)),
    "open O_DIRECTORY": ("", True, True, lambda p, **at: low(
        p, os.O_DIRECTORY, **at)),
    # What ends in / or in .. is followed all the same.
    "open O_NOFOLLOW": ("", True, False, lambda p, **at: low(
        p, os.O_DIRECTORY | os.O_NOFOLLOW, **at)),
    "open O_PATH O_NOFOLLOW": ("", True, False, lambda p, **at: low(
        p, getattr(os, "O_PATH", 0o10000000) | os.O_NOFOLLOW, **at)),
    "open()": ("f", False, True, lambda p: high(p, "r")),
    "open() w": ("new", False, True, lambda p: high(p, "w")),
    "open() x": ("new", False, False, lambda p: high(p, "x")),
    "open() a": ("f", False, True, lambda p: high(p, "a")),
    "chmod": ("f", True, True, lambda p, **at: os.chmod(p, 0o600, **at)),
    "chown": ("f", True, True, lambda p, **at: os.chown(p, -1, -1, **at)),
    "chown nofollow": ("f", True, False, lambda p, **at: os.chown(
        p, -1, -1, follow_symlinks=False, **at)),
    "lchown": ("f", False, False, lambda p: os.lchown(p, -1, -1)),
    "chown directory nofollow": ("", True, False, lambda p, **at: os.chown(
        p, -1, -1, follow_symlinks=False, **at)),
    "lchown directory": ("", False, False, lambda p: os.lchown(p, -1, -1)),
    "utime": ("f", True, True, lambda p, **at: os.utime(p, (1, 1), **at)),
    "utime nofollow": ("f", True, False, lambda p, **at: os.utime(
        p, (1, 1), follow_symlinks=False, **at)),
    "utime directory nofollow": ("", True, False, lambda p, **at: os.utime(
        p, (1, 1), follow_symlinks=False, **at)),
    "getxattr": ("f", False, True, lambda p: os.getxattr(p, "user.a")),
    "getxattr nofollow": ("f", False, False, lambda p: os.getxattr(
        p, "user.a", follow_symlinks=False)),
    "listxattr": ("f", False, True, os.listxattr),
    "listxattr nofollow": ("f", False, False, lambda p: os.listxattr(
        p, follow_symlinks=False)),
    "listxattr directory nofollow": ("", False, False, lambda p: os.listxattr(
        p, follow_symlinks=False)),
    "setxattr": ("f", False, True, lambda p: os.setxattr(
        p, "user.a", b"x")),
    "setxattr nofollow": ("f", False, False, lambda p: os.setxattr(
        p, "user.a", b"x", follow_symlinks=False)),
    "removexattr": ("f", False, True, lambda p: os.removexattr(p, "user.a")),
    "removexattr nofollow": ("f", False, False, lambda p: os.removexattr(
        p, "user.a", follow_symlinks=False)),
    "truncate": ("f", False, True, lambda p: os.truncate(p, 1)),
    "listdir": ("", False, True, lambda p: sorted(os.listdir(p))),
    "scandir": ("", False, True, lambda p: sorted(
        os.fsencode(e.name) for e in os.scandir(p))),
    "mkdir": ("new", True, False, lambda p, **at: os.mkdir(p, **at)),
    "rmdir": ("sub", True, False, lambda p, **at: os.rmdir(p, **at)),
    "remove": ("f", True, False, lambda p, **at: os.remove(p, **at)),
    "unlink": ("f", True, False, lambda p, **at: os.unlink(p, **at)),
    "rename from": ("f", True, False, lambda p, dir_fd=None: os.rename(
        p, O + "/moved", src_dir_fd=dir_fd)),
    "rename to": ("new", True, False, lambda p, dir_fd=None: os.rename(
        mine(), p, dst_dir_fd=dir_fd)),
    "rename directory": ("sub", True, False, lambda p, dir_fd=None: os.rename(
        p, O + "/moved", src_dir_fd=dir_fd)),
    "replace": ("f", True, False, lambda p, dir_fd=None: os.replace(
        mine(), p, dst_dir_fd=dir_fd)),
    "link from": ("f", True, False, lambda p, dir_fd=None: os.link(
        p, O + "/moved", src_dir_fd=dir_fd)),
    "link to": ("new", True, False, lambda p, dir_fd=None: os.link(
        mine(), p, dst_dir_fd=dir_fd)),
    "symlink": ("new", True, False, lambda p, **at: os.symlink(
        "/nowhere", p, **at)),
    "sqlite3": ("f", False, True, database),
    "sqlite3 new": ("new", False, True, database),
    "bind": ("new", False, False, lambda p: local(p, "bind")),
    "connect": ("sock", False, True, lambda p: local(p, "connect")),
    "sendto": ("sock", False, True, datagram),
}


def swap():
    os.rmdir(O + "/swap")
    os.symlink(T, O + "/swap")
    return O + "/swap/"


def after(directory, prefix):
    os.chdir(directory)
    return prefix


def in_thread(call):
    box = []

    def run():
        box.append(outcome(call))
    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    return box[0]


def in_child(call):
    read, write = os.pipe()
    pid = os.fork()
    if not pid:
        try:
            os.write(write, outcome(call).encode())
        finally:
            os._exit(0)
    os.close(write)
    with open(read, encoding="utf-8") as answer:
        text = answer.read()
    os.waitpid(pid, 0)
    return text


NAME = os.path.basename(T)
UP = "../" + NAME if os.path.dirname(T) != O else NAME
LAST = {"f": "link", "new": "dangling", "sub": "linked_sub", "": "dir",
        "sock": "linked_sock"}
# name: (text before a name in TARGET, keywords)
SPELLINGS = {
    "plain": lambda: (T + "/", {}),
    "bytes": lambda: (os.fsencode(T) + b"/", {}),
    "..": lambda: (O + "/empty/../" + UP + "/", {}),
    ". and //": lambda: (T + "//.///", {}),
    "relative": lambda: (after(O, UP + "/"), {}),
    "in the directory": lambda: (after(T, ""), {}),
    "in the directory, ./": lambda: (after(T, "./"), {}),
    "linked directory": lambda: (O + "/dir/", {}),
    "linked directory, bytes": lambda: (os.fsencode(O) + b"/dir/", {}),
    "linked directory, relative": lambda: (after(O, "dir/"), {}),
    "linked directory, then in it": lambda: (after(O + "/dir", ""), {}),
    "link of a link": lambda: (O + "/twice/", {}),
    "link with surrogate escapes": lambda: (O + "/\udcfe/", {}),
    "link with letters": lambda: (O + "/\xe4\u4e2d/", {}),
    "link, then ..": lambda: (O + "/below/../", {}),
    "link, then in it, then ..": lambda: (after(O + "/below", "../"), {}),
    "dir_fd": lambda: ("", {"dir_fd": FD}),
    "dir_fd, ./": lambda: ("./", {"dir_fd": FD}),
    "dir_fd and ..": lambda: ("sub/../", {"dir_fd": FD}),
    "dir_fd and a link": lambda: ("dir/", {"dir_fd": OPEN_FD}),
    "dir_fd and a link, bytes": lambda: (b"dir/", {"dir_fd": OPEN_FD}),
    "/proc/self/cwd": lambda: (after(T, "/proc/self/cwd/"), {}),
    "/proc/thread-self/cwd": lambda: (after(T, "/proc/thread-self/cwd/"), {}),
    "/proc/PID/cwd": lambda: (after(T, f"/proc/{os.getpid()}/cwd/"), {}),
    "/proc/self/task/TID/cwd": lambda: (
        after(T, f"/proc/self/task/{threading.get_native_id()}/cwd/"), {}),
    "/proc/self/root": lambda: ("/proc/self/root" + T + "/", {}),
    "/proc/self/fd": lambda: (f"/proc/self/fd/{FD}/", {}),
    "/dev/fd": lambda: (f"/dev/fd/{FD}/", {}),
    "directory replaced by a link": lambda: (swap(), {}),
    "link to it": lambda: (None, {}),
    "link to it, in a thread": lambda: (None, {}),
    "linked directory, in a thread": lambda: (O + "/dir/", {}),
    "linked directory, in a forked child": lambda: (O + "/dir/", {}),
}


def spelled(prefix, name):
    if prefix is None:
        return O + "/" + LAST[name]
    path = prefix + (os.fsencode(name) if isinstance(prefix, bytes) else name)
    return path or "."


def outcome(call):
    try:
        result = call()
    except OSError as error:
        if error.errno is None:
            return repr(error)
        return "denied" if error.errno == 13 else f"errno {error.errno}"
    except sqlite3.Error as error:
        return repr(error)
    return "done" if result is None else f"done {result!r}"


def links():
    """What OPEN holds."""
    for entry in os.listdir(os.fsencode(O)):
        path = os.path.join(os.fsencode(O), entry)
        if os.path.islink(path) or not os.path.isdir(path):
            os.unlink(path)
        elif os.fsdecode(path) != T:
            shutil.rmtree(path)
    for name, to in (("dir", UP), ("twice", "dir"), ("below", UP + "/sub"),
                     (b"\xfe", UP), ("\xe4\u4e2d", UP), ("link", UP + "/f"),
                     ("dangling", UP + "/new"), ("linked_sub", UP + "/sub"),
                     ("linked_sock", UP + "/sock")):
        os.symlink(os.fsencode(to), os.path.join(os.fsencode(O),
                                                 os.fsencode(name)))
    os.mkdir(O + "/empty")
    os.mkdir(O + "/swap")
    with open(mine(), "w", encoding="ascii") as file:
        file.write("mine")


def contents():
    """What TARGET holds; its socket stays."""
    for entry in os.listdir(T):
        path = os.path.join(T, entry)
        if os.path.isdir(path) and not os.path.islink(path):
            os.rmdir(path)
        elif entry != "sock":
            os.unlink(path)
    os.mkdir(T + "/sub")
    with open(T + "/f", "w", encoding="ascii") as file:
        file.write("secret")


def calls():
    for spelling, build in SPELLINGS.items():
        for access, (name, takes_fd, follows, function) in ACCESS.items():
            yield spelling, build, access, name, takes_fd, follows, function


def main():
    wrap = {"link to it, in a thread": in_thread,
            "linked directory, in a thread": in_thread,
            "linked directory, in a forked child": in_child}
    made = 0
    for spelling, build, access, name, takes_fd, follows, function in calls():
        if RESETS:
            contents()
        os.chdir("/")
        links()
        prefix, keywords = build()
        if (keywords and not takes_fd) or (prefix is None and not follows):
            continue
        path = spelled(prefix, name)
        result = wrap.get(spelling, outcome)(
            lambda: function(path, **keywords))
        print(json.dumps([spelling, access, result]))
        made += 1
    print(json.dumps(["", "made", made]))


if __name__ == "__main__":
    OPEN_FD = os.open(O, os.O_DIRECTORY)
    main()
