# SPDX-License-Identifier: Apache-2.0
"""What a decision costs: alone beside PCRE2, and in an enforced event.

An event of one path again and again finds all it needs in the nearest cache.
4096 paths in turn, spread over all rules, each of which allows its own, do not.
Nothing about files is remembered. Policies have from 10 to 10,000 rules; the
paths of deep ones are 14 components long.

What differs by some 50 ns of 500 is not seen from one process to the next on a
machine that others use, too. So processes that are compared live at the same
time and take turns of a few milliseconds, in an order that is drawn; compared
are turns of one round, and what is told is the median of all rounds. Two of
them do the same: what these differ by is how far the other figures go.
"""
import json
import random
import statistics
import subprocess
import sys

import paths

DISTINCT = 4096
ROUNDS = 60
# google/python-security-manager enforcing as many rules: nanoseconds a
# sys.audit() call, over 32.8 of a no-op C hook beside it. Measured once and
# quoted: it is in no package registry.
PYSECMGR = {10: 3261 / 32.8, 1000: 138557 / 32.8}


class Turns:
    """A process that runs a batch whenever it is told."""
    def __init__(self, bench, build):
        wrapper, environment, command = build()
        self.process = subprocess.Popen(
            [str(word) for word in wrapper + command],
            env=bench.environment(environment), stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)

    def take(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return float(self.process.stdout.readline())

    def end(self):
        self.process.stdin.close()
        if self.process.wait():
            sys.exit(f"bench: {self.process.args}: status "
                     f"{self.process.returncode}")


def take_turns(bench, hooks):
    """{name: [nanoseconds an iteration, by round]}, from several processes."""
    took = {name: [] for name in hooks}
    for _ in range(max(3, bench.rounds // 2)):
        turns = [(name, Turns(bench, build)) for name, build in hooks.items()]
        for _ in range(ROUNDS):
            random.shuffle(turns)
            for name, one in turns:
                took[name].append(one.take())
        for _, one in turns:
            one.end()
    return took


def more(took, name, than):
    """The median of what one took more than another in the same round."""
    return statistics.median(
        a - b for a, b in zip(took[name], took[than]))


class Decisions:
    def __init__(self, bench, script):
        self.bench = bench
        self.script = script
        trace = bench.work / "decisions.db"
        bench.run(bench.record(trace) + script + ["audit", 1, 100])
        self.base = json.loads(bench.learn(trace).read_text())
        self.made = {(count, deep): self.write(count, deep)
                     for count, deep in ((10, False), (100, False),
                                         (1000, False), (10000, False),
                                         (10, True), (10000, True))}

    def write(self, count, deep):
        """Policy, paths it allows, and the same as an expression."""
        stem = self.bench.work / f"{count}{'-deep' if deep else ''}"
        files = [stem.with_suffix(end)
                 for end in (".json", ".paths", ".regex")]
        rules = paths.file_rules(count, deep)
        rules.append({"id": "list", "path": str(files[1]),
                      "access": ["read"], "by": ["app"]})
        files[0].write_text(json.dumps(
            {**self.base, "files": self.base["files"] + rules}))
        files[1].write_text("\n".join(paths.paths(count, DISTINCT, deep)))
        files[2].write_text(paths.expression(count, deep))
        return files

    @staticmethod
    def name(count, deep):
        return f"{count} {'deep ' if deep else ''}rules"

    def alone(self):
        """sm_policy_decide() in a loop, and PCRE2's JIT in the same."""
        bench = self.bench
        program = bench.bin.parent / "tests" / "bench_decide"
        app = self.script[-3]
        took = {}
        for _ in range(bench.rounds):
            for key, (policy, lines, expression) in self.made.items():
                for engine, what in (("secmgr", policy),
                                     ("pcre2", expression)):
                    done = subprocess.run(
                        [program, engine, what, lines, app, "20"],
                        stdout=subprocess.PIPE, text=True, check=False)
                    if done.returncode == 3:
                        continue  # larger than PCRE2 takes
                    if done.returncode:
                        sys.exit(f"bench: {program} {engine} {what} {lines}: "
                                 f"status {done.returncode}")
                    took.setdefault((engine, *key), []).append(
                        float(done.stdout))
        middle = {key: statistics.median(all_) for key, all_ in took.items()}
        for count, deep in self.made:
            other = middle.get(("pcre2", count, deep))
            goal = ("<=", 0.5) if other and count == 1000 else None
            bench.add(f"{'G11 ' if goal else ''}decision alone, "
                      f"{self.name(count, deep)}",
                      middle["secmgr", count, deep], "ns",
                      "PCRE2 alternation" if other else None, other, goal)
        bench.add("G11 decision alone, 10000 rules",
                  middle["secmgr", 10000, False], "ns", "10 rules",
                  middle["secmgr", 10, False], ("<=", 1.5))

    def in_events(self):
        """What being decided adds to an event that is recorded."""
        for (count, deep), (policy, lines, _) in self.made.items():
            if count == 100:
                continue
            what = self.name(count, deep)
            if not deep:
                self.in_loop("audit", policy, f"{what}, one path", count)
            self.in_loop(lines, policy, f"{what}, {DISTINCT} paths", None)

    def beside_shadow(self):
        """What a second policy, only asked, adds to an enforced event."""
        for count in (10, 10000):
            policy, lines, _ = self.made[count, False]
            bench = self.bench
            for loop, name in (("audit", "one path"),
                               (lines, f"{DISTINCT} paths")):
                script = self.script + [loop, 0, DISTINCT]
                hooks = {
                    "enforced": lambda script=script, policy=policy:
                        (bench.enforce(policy), {}, script),
                    "shadow": lambda script=script, policy=policy:
                        (bench.enforce(policy, shadow=policy), {}, script)}
                took = take_turns(bench, hooks)
                used = bench.instructions(hooks, "event_open")
                name = f"shadow policy in an event, {count} rules, {name}"
                bench.add(name, more(took, "shadow", "enforced"), "ns")
                bench.add(name, used["shadow"] - used["enforced"], "instr")

    def in_loop(self, loop, policy, name, count):
        bench = self.bench
        script = self.script + [loop, 0, DISTINCT]

        def record(number):
            trace = bench.work / f"decisions-timed-{number}.db"
            return lambda: (bench.record(trace), {}, script)

        hooks = {
            "recorded": record(1), "again": record(2),
            "enforced": lambda: (bench.enforce(policy), {}, script),
            "no-op": lambda: ([], {"LD_PRELOAD": str(bench.noop)}, script)}
        took = take_turns(bench, hooks)
        for number in (1, 2):
            bench.no_loss(bench.work / f"decisions-timed-{number}.db")
        if count in PYSECMGR:
            bench.add(f"G5 enforced event, {count} rules",
                      statistics.median(took["enforced"]), "ns",
                      "pysecmgr (quoted over no-op)",
                      statistics.median(took["no-op"]) * PYSECMGR[count],
                      ("<=", 0.025))
        bench.add(f"decision in an event, {name}",
                  more(took, "enforced", "recorded"), "ns", goal=("<=", 60))
        bench.add(f"no decision, {name}", more(took, "again", "recorded"),
                  "ns")
        del hooks["no-op"], hooks["again"]
        used = bench.instructions(hooks, "event_open")
        bench.add(f"decision in an event, {name}",
                  used["enforced"] - used["recorded"], "instr",
                  goal=("<=", 400))
