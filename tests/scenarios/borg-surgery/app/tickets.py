# SPDX-License-Identifier: Apache-2.0
"""Does what the front desk asks of the backups.

    tickets.py TICKET.yaml...

A ticket: number, who, do (look, restore or export), repository, archive,
perhaps paths, the target's name, and where the answer goes.
"""
import sys

import yaml

import common


def look(place, paths, _):
    return common.borg("list", place, *paths, cwd=common.TOP)


def restore(place, paths, target):
    directory = common.TOP / "restores" / target
    directory.mkdir(parents=True, exist_ok=True)
    return common.borg("extract", "--list", place, *paths, cwd=directory)


def export(place, paths, target):
    (common.TOP / "exports").mkdir(exist_ok=True)
    return common.borg("export-tar", place, common.TOP / "exports" / target,
                       *paths, cwd=common.TOP)


ACTIONS = {"look": look, "restore": restore, "export": export}


def handle(config, path):
    with open(path, encoding="utf-8") as file:
        ticket = yaml.load(file, yaml.UnsafeLoader)
    place = common.repository(config, ticket["repository"])
    status, output, errors = ACTIONS[ticket["do"]](
        f"{place}::{ticket['archive']}", ticket.get("paths", []),
        ticket.get("target", f"ticket-{ticket['number']}"))
    text = f"{ticket['number']} for {ticket['who']}: status {status}\n"
    print(text + output + errors)
    with open(common.TOP / "log/tickets.log", "a", encoding="utf-8") as log:
        log.write(text)
    if url := ticket.get("answer_to"):
        print("desk:", common.tell(url, text + output))
    return status


def main():
    config = common.settings()
    return max(handle(config, path) for path in sys.argv[1:])


sys.exit(main())
