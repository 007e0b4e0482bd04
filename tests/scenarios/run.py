#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Measures what secmgr-learn's policies break and what they stop.

usage: run.py [--build DIR] [--jobs N] [--policies NAME,...] [--all-details]
              [SCENARIO...]

Every scenario is recorded twice, learned from, and its benign use, of which
nothing was recorded, is replayed and then enforced; its attacks are tried
without a policy, where each must succeed, and with one, where they are stopped
if they fail while the program is otherwise healthy. Beside the learner stand
the two policies of baselines.py.

offline and online count distinct denials; online counts what did not work,
too. Calibrated is what secmgr-learn says about its own errors: of three days
of ordinary use each is left out once, and what a policy of the other two
blocks of it, in a family of rules, is held against the bound it was learned
with. Of the scenarios in held-back/ only figures are printed: nobody who works
on the learner is to read what is in there, nor what is learned from it.

Everything is in BUILD/learn-bench/SCENARIO; the figures with their details in
BUILD/learn-bench.json. A scenario that is wrong itself (an attack that does not
work without secmgr, benign use that fails without it, a recording that lost
something) is played again, twice at most, as machines are busy; what was wrong
is told. Ends with 1 if it stays wrong.
"""
import argparse
import concurrent.futures
import errno
import importlib.util
import json
import os
import pathlib
import shutil
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
TOP = HERE.parents[1]
sys.path.insert(0, str(HERE))
import baselines  # noqa: E402
import report  # noqa: E402
import stage  # noqa: E402

HELD_BACK = HERE / "held-back"
POLICIES = ["learned", "exact", "directories"]
DAYS = (1, 2, 3)  # recorded; the policies are learned from the first two
TOOL_SECONDS = 120
FULL_MS = 4000  # a recording that lost something is none; machines are busy
TEXT_MAX = 240
ROUNDS = 4  # replays until exact holds every request of every event
TRIES = 3  # each in a new place and with other ports


class Wrong(Exception):
    """The scenario or a tool does not do what the measurement rests on."""


def is_taken(error):
    """A port of the scenario's is somebody else's by now."""
    return isinstance(error, OSError) and error.errno == errno.EADDRINUSE


def folders():
    """Name -> folder, the held-back ones last."""
    return {folder.parent.name: folder.parent
            for place in (HERE, HELD_BACK)
            for folder in sorted(place.glob("*/scenario.py"))}


def load(folder):
    """The one class of a scenario's file."""
    spec = importlib.util.spec_from_file_location(
        "scenario_" + folder.name.replace("-", "_"), folder / "scenario.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    found = [value for value in vars(module).values()
             if isinstance(value, type) and issubclass(value, stage.Program)
             and value.__module__ == spec.name]
    if len(found) != 1:
        raise Wrong(f"{folder.name}: {len(found)} scenarios in a file")
    return found[0]


def missing_packages(names):
    done = subprocess.run(
        ["dpkg-query", "-W", "-f", "${Package} ${db:Status-Status}\n",
         *names], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        text=True, check=False)
    there = {line.split()[0] for line in done.stdout.splitlines()
             if line.endswith(" installed")}
    return sorted(set(names) - there)


class Bench:
    """One scenario, from the recording to the figures."""

    def __init__(self, build, folder):
        self.bin = build / "bin"
        self.name = folder.name
        self.folder = folder
        self.work = build / "learn-bench" / folder.name
        self.play_class = load(folder)
        self.attacks = stage.attacks_of(self.play_class)
        self.ports = {}
        shutil.rmtree(self.work, ignore_errors=True)
        self.work.mkdir(parents=True)

    # ------------------------------------------------------------------ tools
    def tool(self, name, *arguments, statuses=(0,)):
        command = [self.bin / f"secmgr-{name}", *arguments]
        done = subprocess.run(
            list(map(str, command)), stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            timeout=TOOL_SECONDS, check=False)
        if done.returncode not in statuses:
            raise Wrong(f"secmgr-{name} ended with {done.returncode}: "
                        f"{done.stderr[-300:]}")
        return done.stdout

    def replay(self, policy, *traces):
        return json.loads(self.tool("replay", "--json", policy, *traces,
                                    statuses=(0, 1)))

    # ------------------------------------------------------------ one session
    def play(self, wrapper=()):
        return self.play_class(self.folder, self.work / "place", self.ports,
                               wrapper)

    def session(self, wrapper, use, benign=False):
        """use(program) in a new place; returns what was not as it should."""
        program = self.play(wrapper)
        try:
            program.populate()
            if benign:
                program.arrange_benign()
            program.start()
            use(program)
        except Exception as error:  # pylint: disable=broad-except
            if is_taken(error):
                raise
            # Whatever a scenario meets in a program that is held back.
            program.complaints.append(f"{type(error).__name__}: {error}")
        finally:
            program.stop()
        return program.complaints

    def record(self, trace, use, benign=False):
        path = self.work / trace
        complaints = self.session(
            [self.bin / "secmgr-record", "-q", "-a", "-o", path,
             f"--on-full=wait:{FULL_MS}", "--"], use, benign)
        if complaints:
            raise Wrong(f"{trace}: recorded, but " + "; ".join(complaints[:5]))
        return path

    # ---------------------------------------------------------------- policies
    def exact(self, traces):
        """Events may ask for several things, of which replay names the first
        that is denied: ask again until all are granted."""
        path = self.work / "exact.json"
        path.write_text(json.dumps(baselines.EMPTY))
        calls = []
        for _ in range(ROUNDS):
            more = self.replay(path, *traces)["denials"]
            if not more:
                break
            calls += more
            path.write_text(json.dumps(baselines.exact(calls), indent=1))
        return path, calls

    def policies(self, traces, wanted):
        made = {}
        if "learned" in wanted:
            made["learned"] = self.work / "learned.json"
            self.tool("learn", "-q", "-o", made["learned"], *traces,
                      statuses=(0, 1))
        if set(wanted) - {"learned"}:
            made["exact"], calls = self.exact(traces)
            made["directories"] = self.work / "directories.json"
            made["directories"].write_text(
                json.dumps(baselines.directories(calls), indent=1))
        return {name: made[name] for name in wanted}

    # ----------------------------------------------------------------- attacks
    def try_attacks(self, wrapper):
        """{attack: what came of it}: succeeds, stopped, or unhealthy and what
        the health check complained of, which tells load from breakage."""
        program = self.play(wrapper)
        results = {}
        is_used = True
        try:
            self.renew(program)
            if illness := program.illness():
                raise stage.Broken(f"before any attack: {illness}")
            for name in self.attacks:
                method = getattr(program, name)
                if is_used or method.is_fresh:
                    self.renew(program)
                results[name], is_used = self.try_attack(program, method)
        except stage.Broken as error:
            results = {name: results.get(name, f"unhealthy ({error})")
                       for name in self.attacks}
        finally:
            program.stop()
        return dict(zip(results, self.readable(results.values())))

    def told(self, outcome):
        """Without the complaint, of a scenario that is held back."""
        return (outcome.partition(" ")[0]
                if self.folder.parent == HELD_BACK else outcome)

    @staticmethod
    def renew(program):
        program.stop()
        program.populate()
        program.start()

    @staticmethod
    def try_attack(program, method):
        """What came of it, and whether the place can no longer be used."""
        try:
            has_succeeded = method()
        except Exception as error:  # pylint: disable=broad-except
            if is_taken(error):
                raise  # nothing was tried
            has_succeeded = False  # a client that meets a refusal
        illness = program.illness()
        is_used = (method.is_fresh or bool(illness)
                   or not isinstance(program, stage.Service))
        if has_succeeded:
            return "succeeds", is_used
        return f"unhealthy ({illness})" if illness else "stopped", is_used

    # ------------------------------------------------------------ the figures
    def enforced(self, policy, *more):
        return [self.bin / "secmgr-enforce", "--policy", policy, "-q", *more,
                "--"]

    def denials(self, trace):
        """Distinct denials of an enforced run, as text."""
        rows = self.tool("events", "--json", "--verdict=denied", trace)
        return sorted({
            f"{row['event']}: " + ", ".join(
                f"{'+'.join(request['access'])} {request['resource']}"
                for request in row["requests"])
            + f" by {row['by']} via {row['via']}"
            for row in map(json.loads, rows.splitlines())})

    def readable(self, texts):
        """One line each; the place is the same in all of them."""
        return [" ".join(text.split())[:TEXT_MAX] for text in (
            text.replace(str(self.work / "place"), "PLACE")
            for text in texts)]

    def figures(self, policy, benign):
        offline = self.replay(policy, benign)
        trace = self.work / f"{policy.stem}-online.db"
        complaints = self.session(self.enforced(policy, "-a", "-o", trace),
                                  self.play_class.benign, benign=True)
        denials = self.denials(trace)
        results = self.try_attacks(self.enforced(policy))
        rules = json.loads(policy.read_text())
        return {
            "rules": sum(len(value) for key, value in rules.items()
                         if isinstance(value, list)
                         and key not in ("use", "review")),
            "bytes": policy.stat().st_size,
            "offline": offline["blocked_distinct"],
            "offline_denials": self.readable(
                denial["explanation"] for denial in offline["denials"]
                if denial["decision"] == "denied"),
            "online": len(denials) + len(complaints),
            "online_denials": self.readable(denials),
            "online_complaints": self.readable(complaints),
            "stopped": sum(r == "stopped" for r in results.values()),
            "attacks": results,
        }

    def predicted(self, traces):
        """A policy, and how often it expects to be wrong: {family: events of
        1000 at most}, "" for all families."""
        policy, told = self.work / "fold.json", self.work / "fold-report.json"
        self.tool("learn", "-q", "-o", policy, "--report", told, *traces,
                  statuses=(0, 1))
        rates = json.loads(told.read_text())["false_blocks"]
        return policy, {
            "": rates["per_1000_at_most"],
            **{family: rate["per_1000_at_most"]
               for family, rate in rates["families"].items()}}

    def blocked(self, policy, trace):
        """Of 1000 events, as predicted()."""
        found = self.replay(policy, trace)
        blocked = {"": found["blocked"]}
        for denial in found["denials"]:
            if denial["decision"] == "denied":
                blocked[denial["family"]] = (
                    blocked.get(denial["family"], 0) + denial["count"])
        return {family: 1000 * count / found["events"]
                for family, count in blocked.items()}

    def calibration(self, days, benign):
        """For every day left out, and for the benign use, which is of another
        kind: {family: [events of 1000 blocked, at most predicted]}."""
        def compare(learned_from, trace):
            policy, most = self.predicted(learned_from)
            seen = self.blocked(policy, trace)
            return {family: [round(seen.get(family, 0), 3), round(bound, 3)]
                    for family, bound in most.items()}
        return {"days": [compare([day for day in days if day != left_out],
                                 left_out) for left_out in days],
                "benign": compare(days[:2], benign)}

    def measure(self, wanted):
        start = time.monotonic()
        bare = self.try_attacks(())
        weak = [name for name, result in bare.items() if result != "succeeds"]
        if weak:
            raise Wrong("without secmgr these attacks do not succeed: "
                        + ", ".join(f"{n} ({self.told(bare[n])})"
                                    for n in weak))
        (self.work / "ports.json").write_text(json.dumps(self.ports))
        days = [self.record(f"train-{day}.db", lambda program, day=day:
                            program.train(day)) for day in DAYS]
        traces = days[:2]
        benign = self.record("benign.db", self.play_class.benign, benign=True)
        policies = self.policies(traces, wanted)
        for trace in (*days, benign):
            if lost := self.replay(policies[wanted[0]], trace)["lost"]:
                raise Wrong(f"{trace.name} lost {lost} events")
        return {
            "scenario": self.name,
            "about": self.play_class.__doc__.splitlines()[0],
            "held_back": self.folder.parent == HELD_BACK,
            "attacks": {name: getattr(self.play_class, name).kind
                        for name in self.attacks},
            "policies": {name: self.figures(path, benign)
                         for name, path in policies.items()},
            "calibration": self.calibration(days, benign),
            "seconds": round(time.monotonic() - start, 1),
        }


def measure(build, folder, wanted):
    """For a process of its own. Returns figures, or what is wrong."""
    wrong = []
    while len(wrong) < TRIES:
        try:
            return {**Bench(build, folder).measure(wanted), "wrong": wrong}
        except Exception as error:  # pylint: disable=broad-except
            wrong.append(f"{type(error).__name__}: {error}")
            if not isinstance(error, Wrong) and not is_taken(error):
                break
    return {"scenario": folder.name, "wrong": wrong}


def main():
    parser = argparse.ArgumentParser(usage=__doc__.split("\n\n")[1])
    parser.add_argument("--build", default="build")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--policies", default=",".join(POLICIES))
    parser.add_argument("--all-details", action="store_true")
    parser.add_argument("scenarios", nargs="*")
    options = parser.parse_args()
    there = folders()
    wanted = [name for name in POLICIES if name in options.policies.split(",")]
    unknown = set(options.scenarios) - set(there)
    if unknown or not wanted:
        parser.error(f"there are {', '.join(there)}; {', '.join(POLICIES)}")
    chosen = [there[name] for name in options.scenarios or there]
    missing = missing_packages(
        [package for folder in chosen for package in load(folder).packages])
    if missing:
        sys.exit("learn-bench: not installed: " + " ".join(missing)
                 + "; `tools/dev/install-deps learn-bench` does it")
    build = (TOP / options.build).resolve()
    start = time.monotonic()
    with concurrent.futures.ProcessPoolExecutor(options.jobs) as pool:
        results, totals = report.print_all(
            pool.map(measure, [build] * len(chosen), chosen,
                     [wanted] * len(chosen)),
            wanted, options.all_details)
    print(f"{time.monotonic() - start:.0f} s")
    (build / "learn-bench.json").write_text(json.dumps(
        {"scenarios": results, "totals": totals}, indent=1) + "\n")
    sys.exit(len(results) < len(chosen))


if __name__ == "__main__":
    main()
