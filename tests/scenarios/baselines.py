# SPDX-License-Identifier: Apache-2.0
"""Two policies anybody could write from a recording, to compare with.

Both start from the recorded calls as `secmgr-replay --json` tells them against
an empty policy: family, access, resource, arguments, principal and via of
each.

exact grants precisely these calls to precisely these callers. directories is
what a list of directories with modes can say: what was done to a file may be
done to all files beside it; programs with any arguments, addresses with any
port, whoever asks. It says nothing of code: a directory that is written and
imported from could otherwise not be imported from.
"""
import os

EMPTY = {"secmgr": 1}
VIAS = ["direct", "import", "traceback", "exec"]


def literal(text):
    """text as a pattern that matches nothing else."""
    return "".join("\\" + c if c in "\\*<$" else c for c in text)


def without_slots(line):
    """A shell line as a template: what reads like a slot is quoted."""
    return line if not set(line) & set("<$\\*") or "'" in line else \
        " ".join(f"'{word}'" if set(word) & set("<$\\*") and len(word) > 1
                 else word for word in line.split(" "))


def exact_rule(call):
    family, resource = call["family"], call["resource"]
    access = call["access"][0]
    if family == "files":
        rule = {"path": literal(resource), "access": call["access"],
                "via": [call["via"]]}
    elif family == "events":
        rule = {"name": literal(call["event"]), "args": ["*"]}
    elif family == "processes" and access == "exec":
        rule = {"exec": literal(resource),
                "argv": [literal(word) for word in call["arguments"]]}
    elif access == "exec":  # names of generated code are no patterns
        rule = {"exec": resource, "via": [call["via"]]}
    elif access == "shell":
        rule = {"shell": without_slots(resource)}
    else:
        rule = {access: literal(resource)}
        if family == "code":
            rule["via"] = [call["via"]]
    return family, {**rule, "by": [call["by"]]}


def directories_rule(call):
    family, resource = call["family"], call["resource"]
    access = call["access"][0]
    if family == "processes" and access == "exec":
        return family, {"exec": literal(resource)}
    if access in ("connect", "bind") and not resource.startswith(("/", "@")):
        return family, {access: literal(resource.rpartition(":")[0]) + ":*"}
    if access == "dlsym":
        return family, {"dlsym": "*"}
    family, rule = exact_rule(call)
    return family, {key: value for key, value in rule.items()
                    if key not in ("by", "via")}


def policy_of(calls, translate):
    """translate: call -> (family, rule). Rules that stand twice are one."""
    families = {}
    for call in calls:
        family, rule = translate(call)
        families.setdefault(family, {})[repr(rule)] = rule
    return {**EMPTY, **{
        family: [{"id": f"{family}{number}", **rule}
                 for number, rule in enumerate(rules.values(), 1)]
        for family, rules in families.items()}}


def exact(calls):
    return policy_of(calls, exact_rule)


def directories(calls):
    """Rules on one directory become one, with all its accesses."""
    policy = policy_of(
        [call for call in calls if call["family"] not in ("files", "code")],
        directories_rule)
    touched = {}
    for call in calls:
        if call["family"] == "files":
            directory = os.path.dirname(call["resource"]).rstrip("/")
            touched.setdefault(directory, set()).update(call["access"])
    policy["files"] = [
        {"id": f"files{number}", "path": literal(directory) + "/" + names,
         "access": sorted(accesses), "via": VIAS}
        for number, (directory, names, accesses) in enumerate(
            ((directory, names, accesses)
             for directory, accesses in sorted(touched.items())
             for names in ("*", ".*")), 1)]
    # A rule without by leaves two principals out; such a list knows none.
    for family, rules in policy.items():
        if isinstance(rules, list):
            rules += [{**rule, "id": rule["id"] + "-all",
                       "by": ["foreign", "dynamic"]} for rule in rules]
    return {**policy, "modes": {"code": "off"}}
