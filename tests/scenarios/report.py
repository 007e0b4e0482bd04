# SPDX-License-Identifier: Apache-2.0
"""What run.py measured, as text.

usage: report.py FILE...

prints the table of README.md from what run.py left in BUILD/learn-bench.json;
several, when the policies were measured one after the other.
"""
import json
import sys

LATE = ("timed out", "no end", "does not listen after")  # of a busy machine
DETAILS = 12  # lines of a kind; all are in learn-bench.json
ROW = "{:18} {:12} {:>6} {:>8} {:>8} {:>7} {:>9}"


def print_scenario(result):
    for number, (name, figures) in enumerate(result["policies"].items()):
        print(ROW.format(
            "" if number else result["scenario"], name, figures["rules"],
            figures["bytes"], figures["offline"], figures["online"],
            f"{figures['stopped']}/{len(result['attacks'])}"), flush=True)


def print_details(result):
    figures = result["policies"].get("learned")
    if not figures:
        return
    for day in result["calibration"]["days"]:
        print("    a day left out: " + (", ".join(
            f"{family or 'all'} {blocked:g} of 1000, at most {at_most:g}"
            for family, (blocked, at_most) in day.items()
            if blocked > at_most or not family)))
    for what in ("offline_denials", "online_denials", "online_complaints"):
        texts = figures[what]
        for text in texts[:DETAILS]:
            print(f"    {what.replace('_', ' ')[:-1]}: {text}")
        if len(texts) > DETAILS:
            print(f"    ... and {len(texts) - DETAILS} more "
                  f"{what.replace('_', ' ')}")
    outcomes = {}
    for name, outcome in figures["attacks"].items():
        if outcome != "stopped":
            outcomes.setdefault(outcome, []).append(
                f"{name} ({result['attacks'][name]})")
    for outcome, names in outcomes.items():
        print(f"    {outcome}: {', '.join(names[:DETAILS // 2])}"
              + (f" and {len(names) - DETAILS // 2} more"
                 if len(names) > DETAILS // 2 else ""))


def print_illnesses(result):
    """Of a scenario that is held back: how many attacks left it unhealthy, and
    how many of them because something took too long."""
    for figures in result["policies"].values():
        ill = [outcome for outcome in figures["attacks"].values()
               if outcome.startswith("unhealthy")]
        late = sum(any(word in outcome for word in LATE) for outcome in ill)
        if ill:
            print(f"    unhealthy: {len(ill)}, of them {late} timed out")


def works(figures):
    return not figures["offline"] and not figures["online"]


def total(results, name):
    figures = [result["policies"][name] for result in results]
    attacks = sum(len(result["attacks"]) for result in results)
    stopped = sum(figure["stopped"] for figure in figures)
    return {"scenarios": len(results), "attacks": attacks, "stopped": stopped,
            "working": sum(map(works, figures)),
            "rules": sum(figure["rules"] for figure in figures),
            "bytes": sum(figure["bytes"] for figure in figures),
            "offline": sum(figure["offline"] for figure in figures),
            "online": sum(figure["online"] for figure in figures)}


def print_totals(what, results, wanted):
    if not results:
        return {}
    totals = {name: total(results, name) for name in wanted}
    for number, (name, sums) in enumerate(totals.items()):
        print(ROW.format(
            "" if number else what, name, sums["rules"], sums["bytes"],
            sums["offline"], sums["online"],
            f"{sums['stopped']}/{sums['attacks']}"), end="")
        print(f"  {sums['working']} of {sums['scenarios']} work, "
              f"{100 * sums['stopped'] / sums['attacks']:.0f} % stopped")
    return totals


def groups_of(results):
    return {what: [result for result in results
                   if result["held_back"] == held_back]
            for what, held_back in (("open", False), ("held back", True))}


def is_held(case):
    blocked, at_most = case
    return blocked <= at_most


def print_calibration(what, results):
    """In how many cases a bound held: all families together, and each."""
    totals = {}
    for kind, cases in (("days left out", [day for result in results for day
                                           in result["calibration"]["days"]]),
                        ("benign use", [result["calibration"]["benign"]
                                        for result in results])):
        every = [is_held(case[""]) for case in cases]
        each = [is_held(case[family]) for case in cases
                for family in case if family]
        totals[kind] = {"held": sum(every), "of": len(every),
                        "families_held": sum(each), "families_of": len(each)}
        print(f"{what}, {kind}: the bound holds in {sum(every)} of "
              f"{len(every)}, that of a family in {sum(each)} of {len(each)}")
    return totals


def print_all(results, wanted, all_details):
    """Each result as it comes; the good ones, and totals by group."""
    print(ROW.format("scenario", "policy", "rules", "bytes", "offline",
                     "online", "stopped"), flush=True)
    good = []
    for result in results:
        for wrong in result["wrong"]:
            print(f"{result['scenario']}: {wrong}", flush=True)
        if "policies" in result:
            good.append(result)
            print_scenario(result)
            if all_details or not result["held_back"]:
                print_details(result)
            else:
                print_illnesses(result)
    print()
    groups = groups_of(good)
    totals = {what: print_totals(what, group, wanted)
              for what, group in groups.items()}
    print()
    for what, group in groups.items():
        if group:
            totals[what]["calibration"] = print_calibration(what, group)
    return good, totals


def cells(figures, attacks):
    return (f"{figures['offline']}/{figures['online']} | "
            f"{figures['stopped']}/{attacks}")


def print_table(results):
    names = list(results[0]["policies"])
    print("| scenario | rules | " + " | ".join(
        f"{name}: blocked | stopped" for name in names) + " |")
    print("|---|" + "---:|" * (1 + 2 * len(names)))
    for result in results:
        figures = result["policies"]
        print(f"| {result['scenario']} | {figures['learned']['rules']} | "
              + " | ".join(cells(figures[name], len(result["attacks"]))
                           for name in names) + " |")
    for what, group in groups_of(results).items():
        sums = [total(group, name) for name in names] if group else []
        if sums:
            print(f"| **{what}**: working, stopped | | " + " | ".join(
                f"{each['working']} of {each['scenarios']} | "
                f"{100 * each['stopped'] / each['attacks']:.0f} %"
                for each in sums) + " |")


def read(paths):
    """One result of each scenario, with the policies of all files."""
    merged = {}
    for path in paths:
        with open(path, encoding="utf-8") as file:
            for result in json.load(file)["scenarios"]:
                first = merged.setdefault(result["scenario"], result)
                first["policies"].update(result["policies"])
    return list(merged.values())


if __name__ == "__main__":
    print_table(read(sys.argv[1:]))
