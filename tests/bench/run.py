#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Measures secmgr beside its anchors, in one run, interleaved.

usage: run.py [--build DIR] [--quick] [--only PART]...

Writes BUILD/bench.json and prints it as a table. Times are medians over
rounds; a round runs every configuration once. Instructions are callgrind
differences between two iteration counts, so start-up cancels out. A goal is
met or not; nothing fails because of it. Only lost events make a figure
worthless, and the run fail.
"""
import argparse
import itertools
import json
import os
import pathlib
import platform
import re
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time

from decisions import Decisions

HERE = pathlib.Path(__file__).resolve().parent
TOP = HERE.parents[1]
PYTHON = "/usr/bin/python3"
# An LTTng-UST 2.13 event of two strings and an int: nanoseconds, over 32.8 of
# the loop with a no-op C hook beside it. Measured once and quoted.
LTTNG = 102 / 32.8
LOSSES = "ring_full + too_large + torn + damaged + no_channel + store"


def variables(more=None):
    return dict(os.environ, PYTHONDONTWRITEBYTECODE="1", **(more or {}))


def run(command, environment=None, **options):
    done = subprocess.run(
        list(map(str, command)), stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env=variables(environment), check=False, **options)
    if done.returncode:
        sys.exit(f"bench: {' '.join(map(str, command))}: status "
                 f"{done.returncode}\n{done.stdout}{done.stderr}")
    return done


class Bench:
    def __init__(self, build, quick):
        self.bin = build / "bin"
        self.work = build / "bench"
        shutil.rmtree(self.work, ignore_errors=True)
        self.work.mkdir(parents=True)
        self.rounds = 3 if quick else 9
        self.results = []
        self.noop = self.work / "noop.so"
        run([os.environ.get("CC", "gcc"), "-O2", "-shared", "-fPIC", "-o",
             self.noop, HERE / "noop.c", "-ldl"])
        self.raiser = self.work / "raiser.so"
        include = run([PYTHON, "-c", "import sysconfig; print(sysconfig."
                       "get_path('include'))"]).stdout.strip()
        run([os.environ.get("CC", "gcc"), "-O2", "-shared", "-fPIC", "-I",
             include, "-o", self.raiser, HERE / "raiser.c"])

    def add(self, name, value, unit, anchor=None, anchor_value=None,
            goal=None):
        """goal: (operator, limit) on the ratio, or on the value without
        an anchor."""
        ratio = value / anchor_value if anchor_value else None
        met = None
        if goal:
            reached = value if anchor is None else ratio
            met = (reached <= goal[1] if goal[0] == "<=" else
                   reached >= goal[1])
        self.results.append({
            "name": name, "value": round(value, 3), "unit": unit,
            "anchor": anchor, "anchor_value":
            round(anchor_value, 3) if anchor_value else None,
            "ratio": round(ratio, 4) if ratio else None,
            "goal": f"{goal[0]} {goal[1]}" if goal else None, "met": met})

    # ------------------------------------------------------- configurations

    def record(self, trace):
        return [self.bin / "secmgr-record", "--force", "-o", trace, "--"]

    def enforce(self, policy, shadow=None):
        return [self.bin / "secmgr-enforce", "--policy", policy,
                *(["--shadow", shadow] if shadow else []), "-o",
                self.work / f"enforced-{time.monotonic_ns()}.db", "--"]

    run = staticmethod(run)
    environment = staticmethod(variables)

    def no_loss(self, trace):
        with sqlite3.connect(f"file:{trace}?mode=ro", uri=True) as database:
            stored, lost = database.execute(
                f"SELECT sum(stored), sum({LOSSES}) FROM process").fetchone()
        database.close()
        if lost or not stored:
            sys.exit(f"bench: {trace}: {stored} events stored, {lost} lost: "
                     "the figures would be worthless")
        return stored

    def learn(self, trace):
        policy = trace.with_suffix(".json")
        policy.write_text(run([self.bin / "secmgr-learn", trace]).stdout)
        return policy

    def configurations(self, name, command):
        """Wrappers for command, with a policy learned from it."""
        trace = self.work / f"{name}.db"
        run(self.record(trace) + command)
        self.no_loss(trace)
        policy = self.learn(trace)
        return {"bare": lambda: [],
                "recorded": lambda: self.record(
                    self.work / f"{name}-timed.db"),
                "enforced": lambda: self.enforce(policy)}

    # ---------------------------------------------------------- hook's cost

    def hooks(self, loop, batches, iterations):
        script = [PYTHON, "-I", HERE / "micro.py", self.raiser]
        wrap = self.configurations(
            f"micro-{loop}", script + ["none", loop, 1, 500])
        tail = [loop, batches, iterations]
        return {
            "no hook": lambda: ([], {}, script + ["none"] + tail),
            "no-op C hook": lambda: ([], {"LD_PRELOAD": str(self.noop)},
                                     script + ["none"] + tail),
            "recorded": lambda: (wrap["recorded"](), {},
                                 script + ["none"] + tail),
            "enforced": lambda: (wrap["enforced"](), {},
                                 script + ["none"] + tail),
            "empty Python hook": lambda: ([], {}, script + ["empty"] + tail),
            "JSON-lines Python hook": lambda: ([], {},
                                               script + ["jsonl"] + tail),
        }

    def times(self, hooks, trace):
        """Nanoseconds an iteration of each; trace: what recorded wrote."""
        taken = {}
        for _ in range(self.rounds):
            for name, build in hooks.items():
                wrapper, environment, command = build()
                taken.setdefault(name, []).append(float(
                    run(wrapper + command, environment).stdout))
        self.no_loss(trace)
        return {name: statistics.median(all_) for name, all_ in taken.items()}

    def instructions(self, hooks, function=None):
        """
        Per iteration: the difference of two runs under callgrind. function:
        only what it calls is counted; what else goes on, such as how often a
        collector was waited for, differs from run to run.
        """
        counts, only = {}, []
        if function:
            only = [f"--toggle-collect={function}"]
        for name, build in hooks.items():
            totals = []
            for iterations in (1000, 6000):
                wrapper, environment, command = build()
                command = command[:-2] + [1, iterations]
                out = self.work / "callgrind.out"
                done = run(wrapper + ["valgrind", "--tool=callgrind",
                                      f"--callgrind-out-file={out}"] + only
                           + command,
                           environment)
                totals.append(int(re.search(r"Collected : (\d+)",
                                            done.stderr).group(1)))
            counts[name] = (totals[1] - totals[0]) / 5000
        return counts

    def hook_cost(self):
        hooks = {"audit": self.hooks("audit", 12, 20000),
                 "open": self.hooks("open", 12, 5000)}
        what = {"audit": "event open", "open": "os.open+close"}
        for loop in ("audit", "open"):
            count = self.instructions(hooks[loop])
            anchors = list(count)
            for ours in ("recorded", "enforced"):
                for anchor in anchors:
                    if anchor not in ("recorded", "enforced"):
                        self.add(f"{what[loop]} {ours}", count[ours], "instr",
                                 anchor, count[anchor])
            over = count["recorded"] - count["no-op C hook"]
            if loop == "audit":
                self.add("G3 instructions recorded over the no-op C hook",
                         over, "instr", goal=("<=", 240))
        for loop in ("audit", "open"):
            took = self.times(hooks[loop],
                              self.work / f"micro-{loop}-timed.db")
            if loop == "audit":
                self.add("G4 event open recorded, over the no-op C hook",
                         took["recorded"] - took["no-op C hook"], "ns",
                         "LTTng-UST string event (quoted over no-op)",
                         took["no-op C hook"] * LTTNG, ("<=", 0.35))
            goals = {
                ("audit", "recorded", "no-op C hook"): ("<=", 1.9),
                ("audit", "recorded", "empty Python hook"): ("<=", 0.9),
                ("audit", "recorded", "JSON-lines Python hook"):
                    ("<=", 1 / 30),
                ("open", "recorded", "no hook"): ("<=", 1.05),
            }
            names = {"no-op C hook": "G1 ", "empty Python hook": "G2 ",
                     "JSON-lines Python hook": "G5 ", "no hook": "G6 "}
            for ours in ("recorded", "enforced"):
                for anchor, value in took.items():
                    if anchor in ("recorded", "enforced"):
                        continue
                    goal = goals.get((loop, ours, anchor))
                    self.add((names[anchor] if goal else "")
                             + f"{what[loop]} {ours}", took[ours], "ns",
                             anchor, value, goal and (goal[0],
                                                      round(goal[1], 4)))

    def resolving(self):
        """What the second step of an open adds to one through a link."""
        plain, link = self.work / "plain", self.work / "link"
        plain.touch()
        link.symlink_to(plain.name)
        script = [PYTHON, "-I", HERE / "micro.py", self.raiser, "none",
                  "open"]
        trace = self.work / "resolving.db"
        run(self.record(trace) + script + [1, 500, link])
        policy = self.learn(trace)
        wrappers = {"bare": lambda: [],
                    "recorded": lambda: self.record(trace),
                    "enforced": lambda: self.enforce(policy)}
        taken = {}
        for _ in range(self.rounds):
            for which, wrapper in wrappers.items():
                times = [float(run(wrapper() + script + [80, 500, path])
                               .stdout) for path in (plain, link)]
                taken.setdefault(which, []).append(times[1] - times[0])
        self.no_loss(trace)
        more = {which: statistics.median(all_)
                for which, all_ in taken.items()}
        for ours in ("recorded", "enforced"):
            self.add(f"open resolved through a link {ours}",
                     more[ours] - more["bare"], "ns", goal=("<=", 1500))

    def by_way(self, loop, paths, batches, iterations):
        """Nanoseconds an iteration of each path: {wrapper: [...]}."""
        script = [PYTHON, "-I", HERE / "micro.py", self.raiser, "none", loop]
        trace, policy = self.work / f"{loop}.db", {}
        for number, path in enumerate(paths):
            run(self.record(trace) + script + [1, 20, path])
            policy[path] = self.learn(trace)
            policy[path] = policy[path].rename(self.work /
                                               f"{loop}-{number}.json")
        taken = {}
        for _ in range(self.rounds):
            for which in ("bare", "recorded", "enforced"):
                row = []
                for path in paths:
                    wrapper = {"bare": [], "recorded": self.record(trace),
                               "enforced": self.enforce(policy[path])}[which]
                    row.append(float(run(wrapper + script + [
                        batches, iterations, path]).stdout))
                taken.setdefault(which, []).append(row)
        self.no_loss(trace)
        return {which: [statistics.median(column) for column in zip(*rows)]
                for which, rows in taken.items()}

    def executing(self):
        """What events and both steps add to an exec, and to a whole child."""
        plain, link = self.work / "no-program", self.work / "no-program-link"
        plain.touch(0o644)
        link.symlink_to(plain.name)
        took = self.by_way("exec", [plain, link], 40, 100)
        for ours in ("recorded", "enforced"):
            self.add(f"execve of what cannot run {ours}", took[ours][0], "ns",
                     "bare", took["bare"][0])
            self.add(f"execve of it through a link {ours}", took[ours][1],
                     "ns", "bare", took["bare"][1])
        took = self.by_way("spawn", ["/usr/bin/true"], 5, 20)
        for ours in ("recorded", "enforced"):
            self.add(f"posix_spawn of true, and wait {ours}",
                     took[ours][0] / 1000, "us", "bare",
                     took["bare"][0] / 1000)

    # ----------------------------------------------------- whole programs

    def programs(self):
        cases = [
            ("Django start-up", "ms CPU", [PYTHON, HERE / "app_django.py"],
             []),
            ("Flask request, 1 open", "us CPU",
             [PYTHON, HERE / "app_flask.py"], [1500, 1]),
            ("Flask request, 10 opens", "us CPU",
             [PYTHON, HERE / "app_flask.py"], [1500, 10]),
        ]
        for number, (name, unit, command, arguments) in enumerate(cases):
            wrap = self.configurations(f"program-{number}",
                                       command + arguments)
            taken = {}
            for _ in range(self.rounds):
                for which, wrapper in wrap.items():
                    taken.setdefault(which, []).append(float(
                        run(wrapper() + command + arguments).stdout))
            self.no_loss(self.work / f"program-{number}-timed.db")
            middle = {w: statistics.median(t) for w, t in taken.items()}
            for ours in ("recorded", "enforced"):
                self.add(f"{'G6 ' if ours == 'recorded' else ''}{name} {ours}",
                         middle[ours], unit, "bare", middle["bare"],
                         ("<=", 1.03) if ours == "recorded" else None)

    # ------------------------------------------------------------- storage

    def json_lines(self, trace):
        """The same events as a JSON-lines recorder would have written them."""
        out = self.work / "events.jsonl"
        shown = subprocess.Popen([self.bin / "secmgr-events", "--json", trace],
                                 stdout=subprocess.PIPE)
        count = 0
        with open(out, "w", encoding="utf-8",
                  errors="surrogatepass") as file:
            for row in shown.stdout:
                event = json.loads(row)
                line = {"time": event["time_ns"], "pid": event["pid"],
                        "tid": event["thread"], "event": event["event"],
                        "args": event["args"], "file": event.get("file"),
                        "line": event.get("line"),
                        "function": event.get("function")}
                file.write(json.dumps(line, separators=(",", ":")) + "\n")
                count += 1
        if shown.wait():
            sys.exit("bench: secmgr-events --json failed")
        return out, count

    def applications(self, trace):
        """Records Flask's requests and Django's starts."""
        run(self.record(trace) + [PYTHON, HERE / "app_flask.py", 15000, 5])
        run([self.bin / "secmgr-record", "--append", "-o", trace, "--",
             PYTHON, "-c", "import subprocess, sys\nfor _ in range(8):\n"
             f" subprocess.run([sys.executable, {str(HERE)!r} "
             "+ '/app_django.py'], stdout=-3, check=True)"])
        return self.no_loss(trace)

    def storage(self):
        trace = self.work / "storage.db"
        stored = self.applications(trace)
        lines, count = self.json_lines(trace)
        if count != stored:
            sys.exit(f"bench: {stored} events stored, {count} shown")
        packed = self.work / "events.jsonl.zst"
        run(["zstd", "-q", "-f", "-19", lines, "-o", packed])
        anchor = packed.stat().st_size / count
        self.add("G7 trace file", trace.stat().st_size / count, "B/event",
                 "JSON lines + zstd -19", anchor, ("<=", 0.56))
        self.add("G8 trace file", trace.stat().st_size / count, "B/event",
                 "SQLite row an event, no index", self.rows(lines, count),
                 ("<=", round(1 / 35, 4)))
        self.replay(trace, count)

    def rows(self, lines, count):
        path = self.work / "rows.db"
        with sqlite3.connect(path) as rows:
            rows.execute("CREATE TABLE event(time, pid, tid, event, args, "
                         "file, line, function)")
            with open(lines, encoding="utf-8",
                      errors="surrogatepass") as file:
                rows.executemany(
                    "INSERT INTO event VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                    ((e["time"], e["pid"], e["tid"], e["event"],
                      json.dumps(e["args"]), e["file"], e["line"],
                      e["function"]) for e in map(json.loads, file)))
        rows.close()
        return path.stat().st_size / count

    def frames(self, trace):
        """The compressed blobs of a trace, one after the other."""
        path = trace.with_suffix(".zst")
        with sqlite3.connect(f"file:{trace}?mode=ro", uri=True) as database:
            path.write_bytes(b"".join(
                row[0] for row in database.execute(
                    "SELECT data FROM chunk UNION ALL SELECT data FROM block")
                if isinstance(row[0], bytes)))
        database.close()
        return path

    def replay(self, trace, count):
        policy = self.learn(trace)
        frames = self.frames(trace)
        commands = {
            "replay": [self.bin / "secmgr-replay", policy, trace],
            "nothing": [self.bin / "secmgr-replay", "--version"],
            "learn": [self.bin / "secmgr-learn", trace],
            "zstd": ["zstd", "-dcq", frames],
            "zstd nothing": ["zstd", "--version"],
            "grep": ["grep", "-c", '"event":"open","args":["/tmp',
                     self.work / "events.jsonl"],
        }
        taken = {}
        for _ in range(self.rounds):
            for name, command in commands.items():
                start = time.perf_counter()
                subprocess.run(list(map(str, command)), check=False,
                               stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)
                taken.setdefault(name, []).append(
                    time.perf_counter() - start)
        middle = {name: statistics.median(t) for name, t in taken.items()}
        idle = middle["nothing"]
        rate = count / max(middle["replay"] - idle, 1e-6) / 1e6
        unpack = count / max(middle["zstd"] - middle["zstd nothing"],
                             1e-6) / 1e6
        self.add("G10 replay", rate, "M events/s",
                 "zstd -d of its blobs alone", unpack, (">=", 0.35))
        self.add("learn", count / max(middle["learn"] - idle, 1e-6) / 1e6,
                 "M events/s", "zstd -d of its blobs alone", unpack)
        self.add("replay, whole process", count / middle["replay"] / 1e6,
                 "M events/s", "grep of the JSON lines",
                 count / middle["grep"] / 1e6)


    # ------------------------------------------------------------ learning

    @staticmethod
    def repeat(trace, out, events):
        """The blocks of a recording over and over, each time later."""
        shutil.copyfile(trace, out)
        with sqlite3.connect(out) as database:
            columns = [row[1] for row in
                       database.execute("PRAGMA table_info(block)")]
            blocks = database.execute("SELECT id, events, first_ns, last_ns "
                                      "FROM block ORDER BY id").fetchall()
            span = (max(row[3] for row in blocks)
                    - min(row[2] for row in blocks) + 10**6)
            stored = count = sum(row[1] for row in blocks)
            places = itertools.cycle(blocks)
            while count < events:
                number, size = next(places)[:2]
                later = count // stored * span
                changed = {"id": blocks[0][0] + count,
                           "first_ns": f"first_ns+{later}",
                           "last_ns": f"last_ns+{later}"}
                database.execute(
                    f"INSERT INTO block({','.join(columns)}) SELECT "
                    f"{','.join(str(changed.get(c, c)) for c in columns)} "
                    f"FROM block WHERE id={number}")
                count += size
        database.close()
        return count

    def learning(self):
        """Many events that make few calls: what matters is reading them."""
        trace = self.work / "learning-recorded.db"
        self.applications(trace)
        commands, counts = {}, {}
        for events in 10**6, 10**7:
            repeated = self.work / f"learning-{events}.db"
            counts[events] = self.repeat(trace, repeated, events)
            commands[events] = [self.bin / "secmgr-learn", "--no-estimate",
                                "-o", self.work / "learning.json", repeated]
        commands["zstd"] = ["zstd", "-dcq", self.frames(repeated)]
        cpu, wall, resident = {}, {}, {}
        for _ in range(5):
            for name, command in commands.items():
                seconds, clock, resident[name] = usage_of(command)
                cpu.setdefault(name, []).append(seconds)
                wall.setdefault(name, []).append(clock)
        # Blocks are unpacked by two threads where there are two processors:
        # that takes a little more of them for a shorter wait.
        for taken, unit in (cpu, "s of CPU"), (wall, "s by clock"):
            self.add(f"G12 learn, {counts[10**7] / 1e6:.0f} M events, {unit}",
                     statistics.median(taken[10**7]), "s",
                     "zstd -d of its blobs alone",
                     statistics.median(taken["zstd"]), ("<=", 4))
        self.add("learn, resident", resident[10**7], "MiB",
                 "of 1 M events", resident[10**6], ("<=", 1.1))


# A process starts with the resident memory of who forks it: a small one does.
USAGE = """import os, sys, time
start = time.monotonic()
if not (pid := os.fork()):
    os.dup2(os.open(os.devnull, os.O_RDWR), 1)
    os.dup2(1, 2)
    os.execvp(sys.argv[1], sys.argv[1:])
_, status, usage = os.wait4(pid, 0)
print(usage.ru_utime + usage.ru_stime, time.monotonic() - start,
      usage.ru_maxrss / 1024)
sys.exit(os.waitstatus_to_exitcode(status))
"""


def usage_of(command):
    """Seconds of processor time and of the clock, and MiB resident at most."""
    return map(float, run([PYTHON, "-I", "-S", "-c", USAGE,
                           *command]).stdout.split())


def machine():
    model = re.search(r"model name\s*: (.*)",
                      pathlib.Path("/proc/cpuinfo").read_text())
    return {"cpu": model.group(1) if model else platform.machine(),
            "cpus": os.cpu_count(), "kernel": platform.release(),
            "python": platform.python_version(),
            "glibc": platform.libc_ver()[1]}


def decisions(bench):
    measured = Decisions(bench, [PYTHON, "-I", HERE / "micro.py", bench.raiser,
                                  "none"])
    measured.alone()
    measured.in_events()
    measured.beside_shadow()


PARTS = {"hooks": Bench.hook_cost, "resolving": Bench.resolving,
         "executing": Bench.executing,
         "decisions": decisions,
         "programs": Bench.programs, "storage": Bench.storage,
         "learning": Bench.learning}


def table(results):
    print(f"{'':55} {'value':>10} {'unit':10} {'anchor':30} {'value':>10} "
          f"{'ratio':>8} {'goal':>9} met")
    for row in results:
        shown = [("" if row[key] is None else f"{row[key]:g}")
                 for key in ("value", "anchor_value", "ratio")]
        met = {None: "", True: "yes", False: "NO"}[row["met"]]
        print(f"{row['name']:55} {shown[0]:>10} {row['unit']:10} "
              f"{row['anchor'] or '':30} {shown[1]:>10} {shown[2]:>8} "
              f"{row['goal'] or '':>9} {met}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", default="build")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", choices=PARTS, action="append",
                        help="a part; repeatable")
    options = parser.parse_args()
    build = (TOP / options.build).resolve()
    for needed in ("valgrind", "zstd"):
        if not shutil.which(needed):
            sys.exit(f"bench: {needed} is missing; run tools/dev/install-deps")
    bench = Bench(build, options.quick)
    for name in options.only or PARTS:
        PARTS[name](bench)
    out = build / "bench.json"
    with tempfile.NamedTemporaryFile("w", dir=build, delete=False) as file:
        json.dump({"machine": machine(), "results": bench.results}, file,
                  indent=1)
    os.replace(file.name, out)
    table(bench.results)
    print(f"also in {os.path.relpath(out)}")


if __name__ == "__main__":
    main()
