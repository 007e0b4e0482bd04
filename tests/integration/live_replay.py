# SPDX-License-Identifier: Apache-2.0
"""What the tests of replay share: recordings, policies, interpreters."""
import json
import subprocess

import workloads

TOOL_SECONDS = 900
RECORD_TRIES = 3
FAMILIES = ("files", "network", "processes", "code", "pickles", "native",
            "events")
EMPTY = json.dumps({"secmgr": 1, "modes": {"events": "block"}})


def tool(*arguments):
    return subprocess.run(
        [workloads.program(arguments[0]), *map(str, arguments[1:])],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, timeout=TOOL_SECONDS, check=False)


def recordings(all_workloads):
    """(name, workload, python): each on each interpreter it can run on."""
    for python in workloads.pythons():
        with_packages = workloads.equipped(python)
        for workload in all_workloads:
            if not workload.fits(with_packages):
                continue
            name = workload.__name__
            if python != workloads.PYTHON:
                name += "_" + workloads.version_of(python).replace(".", "_")
            yield name, workload, with_packages


def record(workload, trace):
    """Again when the machine was too busy for any of it to be covered."""
    for _ in range(RECORD_TRIES):
        _, said = workload.run([workloads.program("secmgr-record"), "--force",
                                "-o", str(trace), "--"])
        if trace.exists():
            return
    raise RuntimeError(f"nothing was recorded: {said}")


def interpreters():
    """Values of --live: the embedded one, Debian's, those asked for."""
    return ["--live"] + [f"--live={path}" for path in workloads.pythons()]


def harsher(policy, mode="block"):
    """Every second rule is gone, and something is denied by rule."""
    policy = json.loads(policy)
    for family in FAMILIES:
        if family in policy:
            policy[family] = policy[family][::2]
    policy.pop("review", None)
    policy["deny"] = policy.get("deny", []) + [
        {"id": "x1", "path": "${STDLIB}/**", "access": ["read"]},
        {"id": "x2", "name": "compile"},
        {"id": "x3", "name": "cpython._PySys_ClearAuditHooks"}]
    if mode != "block":
        policy["modes"] = dict.fromkeys(FAMILIES, mode)
    return json.dumps(policy)


def policies(traces):
    """{name: text}: as learned, a harsher one, none at all."""
    done = tool("secmgr-learn", *traces)
    if not done.stdout:  # what it cannot grant is told by its status
        raise RuntimeError(done.stderr.decode("utf-8", "replace"))
    learned = done.stdout.decode()
    return {"learned": learned, "harsher": harsher(learned), "empty": EMPTY}


class Compared:
    """What one run of secmgr-replay --live came to."""

    def __init__(self, option, policy, traces):
        done = tool("secmgr-replay", "--json", option, policy, *traces)
        self.complaint = done.stderr.decode("utf-8", "replace")
        self.live = json.loads(done.stdout)["live"] if done.stdout else None

    def faults(self):
        """Whatever is not as it should be, as text."""
        if self.complaint or not self.live:
            return [self.complaint or "no result"]
        return [json.dumps(one) for one in self.live["differences"]] + [
            f"not raised: {group['event']}: {group['reason']} "
            f"({group['count']})" for group in self.live["not_raisable"]]
