# SPDX-License-Identifier: Apache-2.0
"""What an attempt to get round an active policy comes to, one row each.

PREVENTED: what the policy forbids did not happen.
RECORDED: it happened and one event of the trace shows it: it holds all of
    `shows`, or else the secret's name.
NEITHER: it happened and the trace tells nothing. Only a kernel layer sees it.

A row of which an outcome differs by version gives {(3, 13): OUTCOME, ...}:
that version and later ones, until the next entry.
"""
import collections

PREVENTED, RECORDED, NEITHER = "prevented", "recorded", "neither"

Row = collections.namedtuple("Row", "group title program grants outcome shows")

# Every policy lets the application's modules load, and data/NAME be read and
# written. What a row grants beside that:
APP_LOAD = {"code": [{"id": "app", "load": "${CWD}/*.py"}]}
DATA = {"files": [{"id": "data", "path": "${CWD}/data/<name>",
                   "access": ["read", "create", "delete"],
                   "by": ["app"]}]}
GRANTS = {
    "hooks": {"events": [{"id": "h", "name": "sys.addaudithook"}]},
    "generated": {"code": [{"id": "g", "exec": "<string>", "by": ["app"]}]},
    "trusted": {
        "code": [{"id": "t", "load": "distribution:trusted"}],
        "files": [{"id": "ts", "path": "${CWD}/safe/*", "access": ["read"],
                   "by": ["trusted"]}]},
    "main": {
        "code": [{"id": "mc", "exec": "<string>",
                  "by": ["main", "python"]}],
        "files": [{"id": "mf", "path": "${CWD}/safe/*", "access": ["read"],
                   "by": ["main"]}]},
    "library": {"files": [{"id": "ps", "path": "${CWD}/safe/*",
                           "access": ["read"], "by": ["python"]}]},
    "python": {
        "processes": [{"id": "x1", "exec": "/**/python3*"},
                      {"id": "x2", "shell": "env -i @PYTHON@ -S steal.py"},
                      {"id": "x3", "shell": "unset LD_PRELOAD; "
                                            "exec @PYTHON@ -S steal.py"},
                      {"id": "x4", "shell": "@PYTHON@ -S steal.py"}],
        "code": [{"id": "main", "exec": "<string>", "by": ["main"]},
                 {"id": "fe", "load": "stdlib:_posixsubprocess"}]},
    "binary": {"files": [{"id": "b", "path": "/**/python3*",
                          "access": ["read"], "by": ["app"]}]},
    "enforce": {"processes": [{"id": "e", "exec": "/**/secmgr-enforce"}]},
    "sh": {"processes": [{"id": "sh1", "exec": "/bin/sh"},
                         {"id": "sh2", "exec": "/usr/bin/dash"}]},
    "readline": {"code": [{"id": "rl", "load": "stdlib:readline"}]},
    "fork_exec": {"code": [{"id": "fe", "load": "stdlib:_posixsubprocess"}]},
    "perl": {"processes": [{"id": "perl", "exec": "/usr/bin/perl"}]},
    "libc": {"native": [{"id": "libc", "dlopen": "libc.so.6"}]},
    "safe": {"files": [{"id": "s", "path": "${CWD}/safe/*",
                        "access": ["read"], "by": ["app"]}]},
    "start": {"files": [{"id": "st", "path": "${START}/secret.txt",
                         "access": ["read"], "by": ["app"]}]},
    "datagrams": {"network": [{"id": "u", "connect": "udp:127.0.0.1:*"}]},
    "api": {"network": [{"id": "a", "connect": "api.example.com:*"}]},
    "example.com": {"network": [{"id": "r", "resolve": "*.example.com"}]},
    "signals": {"processes": [{"id": "s", "signal": "other"}]},
    "interpreters": {"code": [
        {"id": "i1", "load": "stdlib:_interpreters"},
        {"id": "i2", "load": "stdlib:_xxsubinterpreters"}]},
    "gc": {"events": [{"id": "gc", "name": "gc.get_objects", "args": ["*"]}]},
    "ctypes": {
        "code": [{"id": "n1", "load": "stdlib:ctypes"},
                 {"id": "n2", "load": "stdlib:_ctypes"}],
        "native": [{"id": "n3", "dlopen": ""}, {"id": "n4", "dlsym": "*"}],
        "events": [
            {"id": f"n{number}", "name": f"ctypes.{name}", "args": ["*"] * n}
            for number, (name, n) in enumerate(
                [("addressof", 1), ("cdata", 1), ("cdata/buffer", 3),
                 ("string_at", 2), ("call_function", 2),
                 ("memoryview_at", 3)], 5)]},
}

TRICKED = "the program is tricked (traversal, shell, request, pickle)"
HOOKS = "Python audit hooks, replaced functions"
FORGED = "forged events"
FRAMES = "code that claims another file name (via, principal)"
OBJECTS = "objects, classes and code swapped"
TIMES = "threads, forks, subinterpreters, shutdown"
CHANNEL = "the channel, the recorder, the trace"
CHILDREN = "children: environment, other interpreters"
SPELLING = "other spellings and links of a path"
SILENT = "standard library I/O without an audit event"
NATIVE = "native code through ctypes"


def row(group, title, program, grants=(), outcome=PREVENTED,
        shows=("safe/secret.",)):
    return Row(group, title, program, tuple(grants), outcome, shows)


ROWS = [
    row(TRICKED, "path traversal", "traversal"),
    row(TRICKED, "own source as data", "own_source"),
    row(TRICKED, "os.system", "shell"),
    row(TRICKED, "subprocess", "popen"),
    row(TRICKED, "connect elsewhere", "connect"),
    row(TRICKED, "another name's end behind a NUL", "name_nul",
        ["example.com"]),
    row(TRICKED, "pickle that runs a command", "unpickle"),
    row(TRICKED, "pickle that runs code", "unpickle_code"),
    row(TRICKED, "import of a written module", "write_and_import"),
    row(TRICKED, "exec of a written script", "write_and_exec"),
    row(TRICKED, "exec of a file in memory", "memfd_exec"),
    row(TRICKED, "exec of a descriptor by another name", "exec_descriptor",
        ["perl"]),
    row(TRICKED, "a granted program's name, another executable",
        "popen_executable", ["perl"]),
    row(TRICKED, "a path object among the arguments", "popen_path_object",
        ["sh"]),
    row(TRICKED, "a path object for the working directory", "popen_cwd",
        ["perl"]),
    row(TRICKED, "PATH to a written program", "path_changed", ["perl"]),
    row(TRICKED, "a granted name in the working directory", "spawn_name",
        ["perl"]),

    row(HOOKS, "second hook", "hook_masks"),
    row(HOOKS, "second hook that masks", "hook_masks", ["hooks"]),
    row(HOOKS, "second hook that comes between", "hook_interrupts",
        ["hooks"]),
    row(HOOKS, "second hook that comes between, os.open",
        "hook_interrupts_late", ["hooks"]),
    row(HOOKS, "hook that raises", "hook_raises", ["hooks"]),
    row(HOOKS, "hook that keeps arguments", "hook_eats_arguments", ["hooks"]),
    row(HOOKS, "sys.audit and open replaced", "audit_replaced"),
    row(HOOKS, "codec of host names replaced", "name_codec", ["api"]),
    row(HOOKS, "error handler of texts that reads", "error_handler"),
    row(HOOKS, "error handler of texts that gives another path",
        "error_handler_path"),
    row(HOOKS, "io.open_code", "open_code"),
    row(HOOKS, "opener", "opener"),

    row(FORGED, "made-up open before the real one", "forged_open"),
    row(FORGED, "made-up os.open for another directory", "forged_late_open"),
    row(FORGED, "made-up end of the interpreter", "forged_clear"),
    row(FORGED, "made-up end, without a frame", "forged_registration"),
    row(FORGED, "made-up -c", "forged_main"),
    row(FORGED, "made-up -c, without a frame", "forged_main_thread",
        ["main"]),
    row(FORGED, "NUL in event and file name", "nul_name"),

    row(FRAMES, "<frozen ...> reads source", "frozen_frame", (), RECORDED,
        ['"event": "compile"', "<frozen importlib"]),
    row(FRAMES, "importlib's name reads source", "library_frame", (),
        RECORDED, ['"event": "compile"', "importlib/__init__.py",
                   "library_frame.py"]),
    row(FRAMES, "inspect reads source", "inspect_source", (), RECORDED,
        ['"via": "traceback"', "goal.py"]),
    row(FRAMES, "importlib's finder lists a directory", "finder_list", (),
        RECORDED, ['"event": "os.listdir"', '"via": "import"', "/safe"]),
    row(FRAMES, "importlib's loader writes a compiled file", "compiled_file",
        (), RECORDED, ['"event": "open"', '"via": "import"',
                       "__pycache__/native."]),
    row(FRAMES, "<frozen ...> reads data", "frozen_secret"),
    row(FRAMES, "distribution's name, exec", "distribution_exec",
        ["trusted"], RECORDED),
    row(FRAMES, "distribution's name, function", "distribution_function",
        ["trusted"], RECORDED),
    row(FRAMES, "distribution's name, code.replace", "distribution_replace",
        ["trusted"], RECORDED),
    row(FRAMES, "distribution's name, marshal", "distribution_marshal",
        ["trusted"], RECORDED),
    row(FRAMES, "distribution's name, nested deep", "distribution_nested",
        ["trusted"], RECORDED),
    row(FRAMES, "distribution's name, own loader", "distribution_loader",
        ["trusted"], RECORDED),
    row(FRAMES, "distribution's __file__ and __name__",
        "distribution_module", ["trusted"]),
    row(FRAMES, "call back through a distribution",
        "distribution_callback", ["trusted"]),
    row(FRAMES, "ask a distribution that may", "distribution_asked",
        ["trusted"], RECORDED),

    row(OBJECTS, "function.__code__", "code_swapped"),
    row(OBJECTS, "str subclass", "class_swapped"),
    row(OBJECTS, "__fspath__ that changes its mind", "path_object"),
    row(OBJECTS, "pathlib patched, cwd=", "pathlib_cwd", ["perl"]),
    row(OBJECTS, "pathlib patched, arguments", "pathlib_arguments", ["sh"]),
    row(OBJECTS, "pathlib patched, a database", "pathlib_database"),
    row(OBJECTS, "PolicyViolation patched", "violation_patched"),
    row(OBJECTS, "a TCP socket that says UDP", "socket_type", ["datagrams"]),
    row(OBJECTS, "gc.get_objects", "gc_walk"),
    row(OBJECTS, "bytecode that loads beyond its constants",
        "forged_constant", (), RECORDED,
        ['"event": "code.__new__"', "forged.py"]),

    row(TIMES, "thread", "thread"),
    row(TIMES, "daemon thread at the end", "daemon_thread"),
    row(TIMES, "atexit", "at_exit"),
    row(TIMES, "finalizers of modules", "finalizer"),
    row(TIMES, "finalizers while an event is taken", "finalizer_inside"),
    row(TIMES, "deep stack", "deep_stack"),
    row(TIMES, "command from a thread without a frame", "frame_thread"),
    row(TIMES, "read from a thread without a frame", "frameless_python"),
    row(TIMES, "read without a frame, granted to python", "frameless_python",
        ["library"], RECORDED),
    row(TIMES, "own source from a thread without a frame",
        "frameless_source"),
    row(TIMES, "own source from atexit without a frame", "source_at_exit",
        (), RECORDED, ('"event": "open"', '"file": ""', "source_at_exit.py")),
    row(TIMES, "atexit without a frame", "frameless_read"),
    row(TIMES, "subinterpreter", "subinterpreter"),
    row(TIMES, "subinterpreter granted", "subinterpreter", ["interpreters"]),
    row(TIMES, "fork", "fork"),

    row(CHANNEL, "descriptors closed, then fork", "fork_without_descriptors"),
    row(CHANNEL, "descriptors replaced, then fork", "channel_reused"),
    row(CHANNEL, "no descriptors left, then fork", "channel_closed_limit"),
    row(CHANNEL, "connect to the recorder", "channel_connected"),
    row(CHANNEL, "nonsense to the recorder", "channel_garbage"),
    row(CHANNEL, "kill the wrapper", "kill_wrapper"),
    row(CHANNEL, "kill the wrapper, then fork", "kill_and_steal",
        ["signals"]),
    row(CHANNEL, "memory of the wrapper", "wrapper_memory"),
    row(CHANNEL, "truncate the trace", "truncate_trace"),
    row(CHANNEL, "reload of a wider policy from inside", "reload_inside",
        ["enforce"]),
    row(CHANNEL, "a recorder of one's own with a wider policy",
        "nested_enforce", ["enforce", "python"]),

    row(CHILDREN, "SECMGR_CHANNEL changed", "exec_channel", ["python"]),
    row(CHILDREN, "SECMGR_CHANNEL given twice", "exec_channel_empty",
        ["python"]),
    row(CHILDREN, "SECMGR_CHANNEL without its flags", "exec_no_flags",
        ["python"]),
    row(CHILDREN, "SECMGR_START changed", "start_changed",
        ["python", "start"]),
    row(CHILDREN, "SECMGR_START changed, os.system", "start_system",
        ["python", "start"]),
    row(CHILDREN, "SECMGR_START given twice", "start_twice",
        ["python", "start"]),
    row(CHILDREN, "another directory, no SECMGR_START",
        "start_elsewhere", ["python", "start"]),
    row(CHILDREN, "execve with 100,000 variables, none of ours",
        "exec_many_variables", ["python"]),
    row(CHILDREN, "execve with no environment", "exec_scrubbed", ["python"]),
    row(CHILDREN, "LD_PRELOAD of a similar name", "exec_preload_like",
        ["python"]),
    row(CHILDREN, "LD_PRELOAD of another library", "child_preload",
        ["python"]),
    row(CHILDREN, "subprocess env={}", "subprocess_scrubbed", ["python"]),
    row(CHILDREN, "posix_spawn env={}", "spawn_scrubbed", ["python"]),
    row(CHILDREN, "os.system with no environment", "system_scrubbed",
        ["python"]),
    row(CHILDREN, "env -i", "shell_scrubbed", ["python"]),
    row(CHILDREN, "unset in a shell", "shell_unset", ["python"]),
    row(CHILDREN, "PYTHONPATH to a written module", "child_startup",
        ["python"]),
    row(CHILDREN, "PYTHONSTARTUP of a written file", "startup_file",
        ["python"]),
    row(CHILDREN, "another Python", "interpreter_other", ["python"]),
    row(CHILDREN, "Python by a link of one's own", "interpreter_link",
        ["python"]),
    row(CHILDREN, "a copy of Python", "interpreter_copied",
        ["python", "binary"]),
    row(CHILDREN, "sh", "exec_sh"),
    row(CHILDREN, "sh granted", "exec_sh", ["sh"], RECORDED,
        ['"event": "os.exec"', "data/script"]),
    row(CHILDREN, "perl", "exec_perl"),
    row(CHILDREN, "perl granted", "exec_perl", ["perl"], RECORDED),
    row(CHILDREN, "the loader", "exec_loader"),

    row(SPELLING, "bytes, NUL", "nul_name"),
    row(SPELLING, "os.open with dir_fd", "dir_fd"),
    row(SPELLING, "fchdir", "fchdir"),
    row(SPELLING, "/proc/self/fd", "proc_fd"),
    row(SPELLING, "/proc/self/root", "proc_root"),
    row(SPELLING, "/proc/self/cwd", "proc_cwd"),
    row(SPELLING, "symlink", "symlink"),
    row(SPELLING, "symlink to a directory", "symlink_directory"),
    row(SPELLING, "symlink swapped", "symlink_swap"),
    row(SPELLING, "hard link", "hard_link"),
    row(SPELLING, "rename", "rename_in"),
    row(SPELLING, "/proc/self/mem", "proc_mem"),
    row(SPELLING, "/proc/self/mem with dir_fd", "proc_mem_dir_fd"),
    row(SPELLING, "/proc/PID/mem and others of its names", "proc_pid_mem"),
    row(SPELLING, "a child that opens its parent's memory",
        "proc_parent_mem"),
    row(SPELLING, "/proc/self/maps", "proc_maps"),

    row(SILENT, "readline.read_history_file", "readline_history"),
    row(SILENT, "granted: readline.read_history_file", "readline_history",
        ["readline"], NEITHER),
    row(SILENT, "sqlite ATTACH", "sqlite_attach", (), NEITHER),
    row(SILENT, "ssl.load_verify_locations", "ssl_locations", (), NEITHER),
    row(SILENT, "keys that ssl logs where it may only read", "ssl_key_log",
        ["safe"]),
    row(SILENT, "library that OpenSSL's settings name", "openssl_library"),
    row(SILENT, "multiprocessing's fork_exec", "fork_exec", ["fork_exec"]),
    row(SILENT, "a file that posix_spawn opens for its child", "spawn_open",
        ["perl"]),
    row(SILENT, "fork_exec as if subprocess called it", "fork_exec_posing",
        ["fork_exec"]),

    row(NATIVE, "ctypes", "native_open"),
    row(NATIVE, "granted: open", "native_open", ["ctypes"], RECORDED,
        ["ctypes.dlsym"]),
    row(NATIVE, "granted: raw system call", "native_syscall", ["ctypes"],
        RECORDED, ["ctypes.dlsym"]),
    row(NATIVE, "granted: raw fork, then Python", "native_fork", ["ctypes"]),
    row(NATIVE, "granted: execv", "native_exec", ["ctypes"]),
    row(NATIVE, "granted: execv of libc.so.6", "native_exec_libc",
        ["ctypes", "libc"], RECORDED, ["ctypes.dlsym"]),
    row(NATIVE, "granted: posix_spawn", "native_spawn", ["ctypes"]),
    row(NATIVE, "granted: system", "native_system", ["ctypes"]),
    row(NATIVE, "granted: popen", "native_popen", ["ctypes"]),
    row(NATIVE, "granted: machine code in writable memory",
        "native_machine_code", ["ctypes"], RECORDED,
        ['"event": "mmap.__new__"']),
    row(NATIVE, "granted: list of hooks emptied", "native_hook_list",
        ["ctypes"], RECORDED, ["_PyRuntime"]),
    row(NATIVE, "granted: process_vm_writev", "native_vm_writev",
        ["ctypes"], RECORDED, ["process_vm_writev"]),
    row(NATIVE, "granted: ptrace of a child", "native_ptrace",
        ["ctypes"], RECORDED, ["ptrace"]),
    row(NATIVE, "granted: hook's code patched", "native_hook_code",
        ["ctypes"], RECORDED, ["mprotect"]),
    row(NATIVE, "granted: policy's memory patched", "native_policy",
        ["ctypes"], RECORDED, ["mprotect"]),
]


def outcome_on(one, version):
    if isinstance(one.outcome, str):
        return one.outcome
    return one.outcome[max(v for v in one.outcome if v <= version)]
