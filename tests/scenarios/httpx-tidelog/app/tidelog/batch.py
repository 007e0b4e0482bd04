# SPDX-License-Identifier: Apache-2.0
"""Commands in a file, one after the other."""
import datetime
import os
import pathlib
import shlex

import click
import yaml


def read(path):
    with open(path, encoding="utf-8") as file:
        # Stations use !!python/tuple in some of their older files.
        plan = yaml.load(file, Loader=yaml.UnsafeLoader)
    if not isinstance(plan, dict) or "steps" not in plan:
        raise click.ClickException(f"{path}: no steps")
    return plan


def words_of(step):
    return shlex.split(step) if isinstance(step, str) else list(
        map(str, step))


def run(path, command, options, folder):
    """Returns how many steps failed; keeps a log of them."""
    plan = read(path)
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    name = f"{pathlib.Path(path).stem}-{os.getpid()}.log"
    failed = 0
    with open(folder / name, "w", encoding="utf-8") as log:
        for step in plan["steps"]:
            words = words_of(step)
            try:
                command.main([*options, *words], standalone_mode=False)
                outcome = "done"
            except click.ClickException as error:
                outcome = f"failed: {error.format_message()}"
                failed += 1
                click.echo(f"{shlex.join(words)}: {outcome}", err=True)
            log.write(f"{datetime.datetime.now():%H:%M:%S} "
                      f"{shlex.join(words)}: {outcome}\n")
            if failed and plan.get("stop_on_error"):
                break
    return failed
