# SPDX-License-Identifier: Apache-2.0
"""Spellings of paths, a row each. For test_spelling.py.

DENIED   the file was not opened, made, emptied or changed.
PASSES   what an open descriptor's path cannot tell: secmgr-policy(5) says so.
"""
DENIED, PASSES = "denied", "passes"

# An attempt ends by calling leak(what it read or wrote).
SETUP = """
import os, sys
O, S, D = sys.argv[1], sys.argv[2], os.O_DIRECTORY
def leak(what):
    print("LEAK", what)
def text(path, **keywords):
    with open(path, **keywords) as file:
        leak(file.read())
def low(path, flags=os.O_RDONLY, **keywords):
    fd = os.open(path, flags, **keywords)
    leak(os.read(fd, 99) if flags & 3 == os.O_RDONLY else "opened")
"""

# A hook of the program's own, which makes calls between an event and its call;
# native ones of the same name, too. It is called by what it does itself.
HOOKED = """
import ssl
depth = 0
def hook(event, arguments):
    global depth
    if event in ("open", "os.listdir", "os.mkdir") and depth < 5:
        depth += 1
        try:
            os.close(os.open('mine', os.O_RDONLY))
            open(O + '/mine').close()
            if depth == 1:
                context.load_verify_locations(arguments[0])
        except (OSError, TypeError):
            pass
        finally:
            depth -= 1
context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
os.chdir(O)
sys.addaudithook(hook)
"""

# Its code may pass an opener, the agent sees.
OPENED = """
def opened(path, opener=None):
    with open(path, opener=opener) as file:
        leak(file.read())
"""

# Opens path until the agent remembers where it leads.
MET = """
def met(path, **keywords):
    for _ in range(4):
        os.close(os.open(path, os.O_RDONLY, **keywords))
def lead(path, to):
    os.path.islink(path) and os.remove(path)
    os.symlink(to, path)
os.mkdir(O + '/own')
for name in ('one', 'two'):
    with open(O + '/own/' + name, 'w') as file:
        file.write('own ' + name)
lead(O + '/x', 'own')
lead(O + '/y', 'own/one')
"""

READING = [
    ("plain", "text(S + '/f')", DENIED),
    ("bytes", "text(os.fsencode(S) + b'/f')", DENIED),
    ("surrogate escapes", "text(S + '/\\udcff')", DENIED),
    ("surrogate escapes through a link", "text(O + '/to_ff')", DENIED),
    ("a link named by surrogate escapes", "text(O + '/\\udcfe')", DENIED),
    ("..", "text(O + '/../secret/f')", DENIED),
    (". and //", "text(S + '//.///f')", DENIED),
    ("relative", "os.chdir(O); text('../secret/f')", DENIED),
    ("relative, in the directory", "os.chdir(S); text('f')", DENIED),
    ("link, last", "text(O + '/link')", DENIED),
    ("link, last, relative", "os.chdir(O); text('link')", DENIED),
    ("link, last, os.open", "low(O + '/link')", DENIED),
    ("link, last, bytes", "low(os.fsencode(O) + b'/link')", DENIED),
    ("link, middle", "text(O + '/dir/f')", DENIED),
    ("link, middle, os.open", "low(O + '/dir/f')", DENIED),
    ("link of a link", "text(O + '/twice')", DENIED),
    ("link, then ..", "text(O + '/below/../f')", DENIED),
    ("working directory through a link",
     "os.chdir(O + '/dir'); text('f')", DENIED),
    ("Path", "import pathlib; text(pathlib.Path(O, 'dir', 'f'))", DENIED),
    ("io.FileIO", "import io; leak(io.FileIO(O + '/link').read())", DENIED),
    ("io.open_code", "import io; leak(io.open_code(O + '/link').read())",
     DENIED),
    ("opener", "text('f', opener=lambda p, f: os.open(O + '/link', f))",
     DENIED),
    ("relative, where there may be an opener", OPENED +
     "os.chdir(S); opened('f')", DENIED),
    ("opener in another directory", OPENED + "d = os.open(O, D)\n"
     "opened('../secret/f', opener=lambda p, f: os.open(p, f, dir_fd=d))",
     DENIED),
    ("relative, where there may be an opener, behind a hook", HOOKED + OPENED +
     "os.chdir(S); opened('f')", DENIED),
    ("dir_fd of the directory",
     "low('f', dir_fd=os.open(S, D))", DENIED),
    ("dir_fd and ..", "low('../secret/f', dir_fd=os.open(O, D))", DENIED),
    ("dir_fd and a link", "low('link', dir_fd=os.open(O, D))", DENIED),
    ("dir_fd and a linked directory",
     "low('dir/f', dir_fd=os.open(O, D))", DENIED),
    ("dir_fd of a linked directory",
     "low('f', dir_fd=os.open(O + '/dir', D))", DENIED),
    # Of a long name the event is not kept until the directory is known.
    ("dir_fd and a long name", "os.chdir(O + '/empty')\n"
     "low('./' * 999 + '../secret/f', dir_fd=os.open(O, D))", DENIED),
    ("link, behind a hook", HOOKED + "text(O + '/link')", DENIED),
    ("link of surrogate escapes, behind a hook",
     HOOKED + "text(O + '/\\udcfe')", DENIED),
    ("dir_fd, behind a hook", HOOKED + "d = os.open(O, D)\n"
     "os.chdir(O + '/empty'); low('../secret/f', dir_fd=d)", DENIED),
    # An open of a pipe waits; then a handler runs, and it is made once more.
    ("link, replaced by a handler while the open waits", "import signal\n"
     "os.mkfifo(O + '/fifo'); os.symlink('fifo', O + '/x')\n"
     "def handler(*_):\n"
     "    os.remove(O + '/x'); os.symlink(S + '/f', O + '/x')\n"
     "    open(O + '/mine').close()\n"
     "signal.signal(signal.SIGALRM, handler)\n"
     "signal.setitimer(signal.ITIMER_REAL, 0.1, 0.1)\n"
     "text(O + '/x')", DENIED),
    ("a thread", "import threading\n"
     "t = threading.Thread(target=low, args=(O + '/link',))\n"
     "t.start(); t.join()", DENIED),
    ("a thread with descriptors of its own", "import ctypes, threading\n"
     "unshared, opened = threading.Event(), threading.Event()\n"
     "def run():\n"
     "    assert not ctypes.CDLL(None).unshare(0x400) # CLONE_FILES\n"
     "    unshared.set(); opened.wait(); low(O + '/link')\n"
     "t = threading.Thread(target=run); t.start(); unshared.wait()\n"
     "os.open(O + '/mine', os.O_RDONLY); opened.set(); t.join()", DENIED),
    ("a thread with a directory of its own", "import ctypes, threading\n"
     "unshared, opened = threading.Event(), threading.Event()\n"
     "def run():\n"
     "    assert not ctypes.CDLL(None).unshare(0x200) # CLONE_FS\n"
     "    os.chdir(S); unshared.set(); opened.wait(); text('f')\n"
     "t = threading.Thread(target=run); t.start(); unshared.wait()\n"
     "open('mine').close(); opened.set(); t.join()", DENIED),
    ("a forked child", "pid = os.fork()\n"
     "if not pid: low(O + '/link')\n"
     "os.waitpid(pid, 0)", DENIED),
    ("/proc/self/cwd", "os.chdir(S); text('/proc/self/cwd/f')", DENIED),
    ("/proc/self/root", "text('/proc/self/root' + S + '/f')", DENIED),
    ("/proc/self/fd, directory",
     "fd = os.open(O + '/..', D); text(f'/proc/self/fd/{fd}/secret/f')",
     DENIED),
    ("/proc/PID/cwd",
     "os.chdir(O + '/..'); text(f'/proc/{os.getpid()}/cwd/secret/f')",
     DENIED),
    ("/proc/self/fd of another program's file",
     "text(f'/proc/self/fd/{sys.argv[3]}')", DENIED),
    ("/dev/fd of another program's file",
     "text(f'/dev/fd/{sys.argv[3]}')", DENIED),
    ("directory replaced by a link",
     "os.rmdir(O + '/empty'); os.symlink(S, O + '/empty')\n"
     "text(O + '/empty/f')", DENIED),
    ("file replaced by a link",
     "os.remove(O + '/mine'); os.symlink(S + '/f', O + '/mine')\n"
     "text(O + '/mine')", DENIED),
    ("link met before, leads elsewhere",
     MET + "met(O + '/y'); lead(O + '/y', S + '/one'); text(O + '/y')", DENIED),
    ("linked directory met before, leads elsewhere",
     MET + "met(O + '/x/one'); lead(O + '/x', S); low(O + '/x/one')", DENIED),
    ("link met before, in another working directory",
     MET + "os.chdir(O); lead('empty/y', S + '/one'); met('y')\n"
     "os.chdir('empty'); text('y')", DENIED),
    ("link met before, in another directory",
     MET + "lead(O + '/empty/y', S + '/one'); met('y', dir_fd=os.open(O, D))\n"
     "low('y', dir_fd=os.open(O + '/empty', D))", DENIED),
    ("link met before, to what is a link now",
     MET + "met(O + '/y'); os.remove(O + '/own/one')\n"
     "lead(O + '/own/one', S + '/one'); text(O + '/y')", DENIED),
    ("link met before, to below what is a link now",
     MET + "met(O + '/y'); os.rename(O + '/own', O + '/old')\n"
     "lead(O + '/own', S); text(O + '/y')", DENIED),
    ("link met before, leads to another name of the file",
     MET + "lead(O + '/y', 'hard'); met(O + '/y'); lead(O + '/y', S + '/f')\n"
     "text(O + '/y')", DENIED),
    ("link met before by the parent",
     MET + "met(O + '/y'); pid = os.fork()\n"
     "if not pid: lead(O + '/y', S + '/one'); low(O + '/y')\n"
     "os.waitpid(pid, 0)", DENIED),
    ("link met before, in what may not be searched any more",
     MET + "met(O + '/x/one'); lead(O + '/empty/y', O + '/own/one')\n"
     "met(O + '/empty/y'); os.chmod(O + '/..', 0o755)\n"
     "os.chmod(O + '/empty', 0); os.geteuid() or os.seteuid(65534)\n"
     "text(O + '/empty/y')", DENIED),
    # Already open for the program: no path is asked for.
    ("descriptor as path", "text(int(sys.argv[3]))", PASSES),
    # Two names of one file.
    ("hard link made before", "text(O + '/hard')", PASSES),
    ("hard link made now", "os.link(S + '/f', O + '/hard2')", DENIED),
    ("renamed into place", "os.rename(S + '/f', O + '/moved')", DENIED),
    ("renamed through a linked directory",
     "os.rename(O + '/dir/f', O + '/moved'); text(O + '/moved')", DENIED),
    # Who may rename a directory gives everything below it another path.
    ("a directory that only a deny rule protects, renamed",
     "os.rename(O + '/vault', O + '/moved'); text(O + '/moved/f')", PASSES),
    ("what a deny rule protects, renamed",
     "os.rename(O + '/vault/f', O + '/moved'); text(O + '/moved')", DENIED),
    ("what a deny rule protects, in a renamed working directory",
     "os.chdir(O + '/vault/sub'); os.rename(O + '/vault/sub', O + '/sub')\n"
     "os.listdir('.'); os.rename(O + '/sub', O + '/vault/sub'); text('../f')",
     DENIED),
    ("what a deny rule protects, in a directory another process renames",
     "def elsewhere(old, new):\n"
     "    if not os.fork(): os.rename(old, new); os._exit(0)\n"
     "    os.wait()\n"
     "os.chdir(O + '/vault/sub'); elsewhere(O + '/vault/sub', O + '/sub')\n"
     "os.listdir('.'); elsewhere(O + '/sub', O + '/vault/sub'); text('../f')",
     DENIED),
]

# Calls that take a directory: each is denied its name in secret/.
AT = [
    ("os.chmod", "os.chmod('f', 0o600, dir_fd=d)"),
    ("os.chown", "os.chown('f', 0, 0, dir_fd=d)"),
    ("os.utime", "os.utime('f', dir_fd=d)"),
    ("os.mkdir", "os.mkdir('x', dir_fd=d)"),
    ("os.remove", "os.remove('f', dir_fd=d)"),
    ("os.unlink", "os.unlink('f', dir_fd=d)"),
    ("os.rmdir", "os.rmdir('sub', dir_fd=d)"),
    ("os.rename from", "os.rename('f', 'f', src_dir_fd=d, dst_dir_fd=o)"),
    ("os.rename to", "os.rename('mine', 'x', src_dir_fd=o, dst_dir_fd=d)"),
    ("os.replace", "os.replace('mine', 'f', src_dir_fd=o, dst_dir_fd=d)"),
    ("os.link from", "os.link('f', 'x', src_dir_fd=d, dst_dir_fd=o)"),
    ("os.link to", "os.link('mine', 'x', src_dir_fd=o, dst_dir_fd=d)"),
    ("os.symlink", "os.symlink('/etc/hostname', 'x', dir_fd=d)"),
    ("os.open", "os.open('f', os.O_RDONLY, dir_fd=d)"),
    ("os.open to write", "os.open('f', os.O_WRONLY, dir_fd=d)"),
    ("os.listdir", "os.listdir(d)"),
    ("os.scandir", "os.scandir(d)"),
    ("os.truncate of a descriptor", "os.truncate(int(sys.argv[3]), 0)"),
]

WRITING = [
    ("truncate through a link", "open(O + '/link', 'w')"),
    ("truncate through a linked directory", "open(O + '/dir/f', 'w')"),
    ("O_RDONLY and O_TRUNC",
     "os.open(O + '/link', os.O_RDONLY | os.O_TRUNC)"),
    ("append", "open(O + '/link', 'a').write('x')"),
    ("read and write", "open(O + '/link', 'r+').write('x')"),
    ("make in a linked directory", "open(O + '/dir/new', 'w')"),
    ("make behind a hook", HOOKED + "os.mkdir(O + '/dir/new')"),
    ("make by dir_fd and a long name", "os.chdir(O + '/empty')\n"
     "os.open('./' * 999 + '../secret/x', os.O_CREAT | os.O_WRONLY,\n"
     "        dir_fd=os.open(O, D))"),
    ("make exclusively", "open(O + '/dir/new', 'x')"),
    ("make through a dangling link", "open(O + '/dangling', 'w')"),
    ("make through two of them", "open(O + '/dangling2', 'w')"),
    ("make by dir_fd",
     "os.open('dir/new', os.O_CREAT | os.O_WRONLY, dir_fd=os.open(O, D))"),
    ("make through /proc/self/cwd",
     "os.chdir(S); open('/proc/self/cwd/new', 'w')"),
    ("truncate through /proc/self/fd",
     "open(f'/proc/self/fd/{sys.argv[3]}', 'w')"),
    ("O_TMPFILE", "os.open(S, os.O_TMPFILE | os.O_RDWR)"),
    ("O_TMPFILE in a linked directory",
     "os.open(O + '/dir', os.O_TMPFILE | os.O_RDWR)"),
]

# Another thread makes `x` lead to secret/ and to a directory of the program's
# own in turn, while this is done to x: it must be done to the own one, or not.
RACING = """
import threading
os.mkdir(O + '/own')
for name, to in (('a', O + '/own'), ('b', S)):
    os.symlink(to, O + '/' + name)
os.symlink(S, O + '/x')
def swap(number):
    while not is_over:
        for name in ('a', 'b'):
            os.symlink(O + '/own' if name == 'a' else S, f'{O}/{name}{number}')
            os.replace(f'{O}/{name}{number}', O + '/x')
is_over = False
sys.setswitchinterval(1e-5)
threads = [threading.Thread(target=swap, args=(i,)) for i in range(2)]
for thread in threads:
    thread.start()
done = denied = 0
try:
    for i in range(1500):
        for call in (lambda: open(O + '/own/f', 'w').close(),
                     lambda: os.remove(O + '/x/f'),
                     lambda: os.mkdir(f'{O}/x/new{i}'),
                     lambda: os.symlink('a', f'{O}/x/link{i}'),
                     lambda: os.rename(O + '/mine', f'{O}/x/mine{i}'),
                     lambda: os.rename(f'{O}/own/mine{i}', O + '/mine'),
                     lambda: os.link(O + '/mine', f'{O}/x/hard{i}'),
                     lambda: os.rename(O + '/x/f', O + '/taken'),
                     lambda: open(O + '/x/f', 'w').close(),
                     lambda: open(f'{O}/x/made{i}', 'x').close(),
                     lambda: leak(1) if 'sub' in os.listdir(O + '/x') else 0,
                     lambda: 'secret' in open(O + '/x/f').read() and leak(2)):
            try:
                call()
                done += 1
            except PermissionError:
                denied += 1
            except (FileNotFoundError, FileExistsError):
                pass
finally:
    is_over = True
    for thread in threads:
        thread.join()
print(done, denied)
"""

# Nothing is wrong with these: denying one would break programs.
ALLOWED = [
    ("plain", "text(O + '/mine')"),
    ("link within", "text(O + '/fine')"),
    ("opener in another directory", OPENED + "d = os.open(O, D)\n"
     "os.chdir('/')\n"
     "opened('mine', opener=lambda p, f: os.open(p, f, dir_fd=d))"),
    ("bytes, opener in another directory", OPENED + "d = os.open(O, D)\n"
     "os.chdir('/')\n"
     "opened(b'mine', opener=lambda p, f: os.open(p, f, dir_fd=d))"),
    ("linked directory within", "text(O + '/here/mine')"),
    ("make through a link within", "open(O + '/here/new', 'w')"),
    ("O_NOFOLLOW stays ELOOP",
     "try: os.open(O + '/link', os.O_RDONLY | os.O_NOFOLLOW)\n"
     "except OSError as e: assert e.errno == 40, e"),
    ("exclusive on a link stays EEXIST",
     "try: open(O + '/fine', 'x')\n"
     "except OSError as e: assert e.errno == 17, e"),
    ("missing through a link stays ENOENT",
     "try: open(O + '/here/nothing')\n"
     "except OSError as e: assert e.errno == 2, e"),
    ("directory through a link stays EISDIR",
     "try: open(O + '/here', 'w')\n"
     "except OSError as e: assert e.errno == 21, e"),
    ("a loop stays ELOOP",
     "try: open(O + '/loop')\n"
     "except OSError as e: assert e.errno == 40, e"),
    ("/proc/self", "text('/proc/self/comm')"),
    ("a pipe by /dev/fd", "r, w = os.pipe(); os.write(w, b'x'); "
     "os.close(w); text(f'/dev/fd/{r}')"),
    ("links met before lead where they do",
     MET + "def reads(path, text):\n"
     "    with open(path) as file:\n"
     "        assert file.read() == text, path\n"
     "met(O + '/x/one'); met(O + '/y'); reads(O + '/y', 'own one')\n"
     "os.replace(O + '/own/two', O + '/own/one'); reads(O + '/y', 'own two')\n"
     "with open(O + '/y', 'r+') as file: file.write('new')\n"
     "reads(O + '/x/one', 'new two')\n"
     "os.rename(O + '/own', O + '/old'); lead(O + '/x', 'old')\n"
     "reads(O + '/x/one', 'new two'); lead(O + '/y', 'mine')\n"
     "reads(O + '/y', 'mine'); met(O + '/y')\n"
     "for flags, error in ((os.O_NOFOLLOW, 40), (D, 20)):\n"
     "    try: os.open(O + '/y', flags)\n"
     "    except OSError as e: assert e.errno == error, e\n"
     "    else: assert False, error\n"
     "os.remove(O + '/mine')\n"
     "try: os.open(O + '/y', os.O_RDONLY)\n"
     "except OSError as e: assert e.errno == 2, e\n"
     "else: assert False"),
    ("a link met before, in another root", MET + "met(O + '/y')\n"
     "os.makedirs(O + '/root' + O + '/own')\n"
     "with open(O + '/root' + O + '/own/one', 'w') as file: file.write('in')\n"
     "lead(O + '/root' + O + '/y', 'own/one')\n"
     "if not os.geteuid():\n"
     "    os.chroot(O + '/root')\n"
     "    assert open(O + '/y').read() == 'in'"),
    ("mode is kept", "os.umask(0o22)\n"
     "fd = os.open(O + '/here/m', os.O_CREAT | os.O_WRONLY, 0o640)\n"
     "assert os.fstat(fd).st_mode & 0o777 == 0o640"),
]


# In a root without /proc: printed is each call that a denial ended.
WITHOUT_PROC = """
import socket, sqlite3
assert not os.path.exists('/proc/self')
def bind(path):
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(path)
d = os.open(O, D)
for name, call in {
        "plain": lambda: text(O + '/mine'),
        "list": lambda: os.listdir(O),
        "make": lambda: os.mkdir(O + '/new'),
        "open, linked": lambda: text(O + '/dir/f'),
        "dir_fd": lambda: low('mine', dir_fd=d),
        "list, linked": lambda: os.listdir(O + '/here'),
        "make, linked": lambda: os.mkdir(O + '/here/new2'),
        "chmod, linked": lambda: os.chmod(O + '/fine', 0o600),
        "truncate, linked": lambda: os.truncate(O + '/link', 0),
        "database, linked": lambda: sqlite3.connect(O + '/link'),
        "socket, linked": lambda: bind(O + '/here/socket'),
        "remove, linked": lambda: os.remove(O + '/dir/f'),
        "rename, linked": lambda: os.rename(O + '/mine',
                                            O + '/dir/f')}.items():
    try:
        call()
    except PermissionError:
        print("denied:", name)
"""
