# SPDX-License-Identifier: Apache-2.0
"""larder: the command."""
import fnmatch
import logging
import pathlib
import re
import secrets
import sys

import click
import filelock
import tabulate

import longhand
from larder import backup as backups
from larder import (catalogue, pack, report, restore as restores, settings,
                    store, upkeep, wishes)

NAME = re.compile(r"[\w][\w .'-]*$")


class Larder:
    def __init__(self, path):
        self.house = settings.House(path)
        (self.house.state / "seen").mkdir(exist_ok=True)
        self.catalogue = catalogue.Catalogue(
            self.house.state / "catalogue.db")
        self.store = store.Store(self.house)
        logs = self.house.top / "logs"
        logs.mkdir(exist_ok=True)
        logging.basicConfig(
            filename=logs / "larder.log", level=logging.INFO,
            format="%(asctime)s %(process)d %(levelname)s %(message)s")

    def lock(self):
        return filelock.FileLock(self.house.state / "larder.lock",
                                 timeout=10)

    def department(self, name):
        row = self.catalogue.department(name)
        if not row:
            raise click.ClickException(f"no department {name!r}")
        return row

    def snapshot(self, name, which):
        self.department(name)
        row = self.catalogue.snapshot(name, which)
        if not row:
            raise click.ClickException(f"no snapshot {which} of {name}")
        return row


@click.group()
@click.option("-c", "--config", default="conf/larder.yml",
              type=click.Path(exists=True, dir_okay=False))
@click.pass_context
def main(context, config):
    context.obj = Larder(config)


@main.command()
@click.argument("name")
@click.argument("path", type=click.Path(exists=True, file_okay=False))
@click.option("--owner", required=True)
@click.option("--secret", is_flag=True)
@click.pass_obj
def add(larder, name, path, owner, secret):
    """A department joins."""
    if not NAME.match(name):
        raise click.ClickException("what a name")
    larder.catalogue.change(
        "insert or replace into department values (?, ?, ?, ?)", name,
        str(pathlib.Path(path).absolute()), owner, secret)
    key = larder.house.keys / f"{name}.phrase"
    if secret and not key.exists():
        key.touch(0o600)
        key.write_text(secrets.token_hex(16) + "\n")
    click.echo(f"{name}: {path}")


@main.command()
@click.argument("names", nargs=-1)
@click.option("--all", "is_all", is_flag=True)
@click.option("--full", is_flag=True)
@click.option("--dry-run", is_flag=True)
@click.option("--note", default="")
@click.option("--stamp", default="")
@click.option("--title", default="backups")
@click.option("--mail/--no-mail", default=True)
@click.pass_obj
def backup(larder, names, is_all, full, dry_run, note, stamp, title, mail):
    """Puts departments away."""
    stamp = backups.stamp_of(stamp)
    rows = (larder.catalogue.departments() if is_all
            else [larder.department(name) for name in names])
    results, failed = [], 0
    with larder.lock():
        for row in rows:
            try:
                done = backups.backup(
                    larder.house, larder.catalogue, larder.store, row, stamp,
                    full, note, dry_run)
            except Exception as error:  # the others are put away all the same
                logging.error("%s: %s", row["name"], error)
                click.echo(f"{row['name']}: {error}")
                failed += 1
                continue
            results.append(done)
            logging.info("%s: %s", row["name"], done["id"])
            click.echo(f"{done['department']}: {done['kind']} {done['id']}, "
                       f"{done['changed']} of {done['files']} files, "
                       f"{longhand.size(done['bytes'])} {done['answer']}")
            if dry_run:
                click.echo("\n".join(done["changed_names"]))
    if not dry_run and results:
        page = report.page(larder.house, results, stamp, title)
        if mail:
            for result in results:
                report.letter(larder.house, result, stamp)
            report.send(larder.house, larder.house.keeper,
                        f"{title} of {stamp:%d %b %Y}",
                        f"{len(results)} put away, {failed} failed.\n", page)
    sys.exit(1 if failed else 0)


@main.command("list")
@click.argument("names", nargs=-1)
@click.pass_obj
def list_(larder, names):
    """Departments and their snapshots."""
    rows = []
    for row in larder.catalogue.departments():
        if names and row["name"] not in names:
            continue
        for one in larder.catalogue.all(
                "select * from snapshot where department = ? order by taken",
                row["name"]):
            rows.append((row["name"], one["id"], one["kind"], one["place"],
                         longhand.size(one["bytes"]), one["note"]))
    click.echo(tabulate.tabulate(
        rows, ["department", "snapshot", "kind", "where", "size", "note"]))


@main.command()
@click.argument("pattern")
@click.pass_obj
def find(larder, pattern):
    """Where a file was put away."""
    found = [row for row in larder.catalogue.all(
        "select s.department, s.id, f.path from file f join snapshot s "
        "on f.snapshot = s.id where f.archived = 1 order by s.taken")
        if fnmatch.fnmatch(row["path"], pattern)]
    for row in found:
        click.echo(f"{row['department']} {row['id']} {row['path']}")
    sys.exit(0 if found else 1)


@main.command()
@click.argument("name")
@click.argument("which")
@click.argument("member")
@click.pass_obj
def show(larder, name, which, member):
    """One file of an archive."""
    status, text = restores.shown(larder.house, larder.catalogue,
                                  larder.store, larder.snapshot(name, which),
                                  member)
    sys.stdout.buffer.write(text)
    sys.exit(status)


@main.command()
@click.argument("name")
@click.argument("which")
@click.option("--to", required=True, type=click.Path(path_type=pathlib.Path))
@click.option("--only", multiple=True)
@click.pass_obj
def restore(larder, name, which, to, only):
    """A tree comes back."""
    count = restores.tree(larder.house, larder.catalogue, larder.store,
                          larder.snapshot(name, which), list(only), to)
    click.echo(f"{count} files")
    sys.exit(0 if count else 1)


@main.command()
@click.argument("name")
@click.argument("which", default="last")
@click.pass_obj
def diff(larder, name, which):
    """What differs now from a snapshot."""
    one = larder.snapshot(name, which)
    root = pathlib.Path(larder.department(name)["path"])
    then = {row["path"]: row["digest"] for row in larder.catalogue.all(
        "select path, digest from file where snapshot = ?", one["id"])}
    there = pack.names(root, settings.department(root).get("exclude", ()))
    for path in sorted({*then, *there}):
        if path not in there:
            click.echo(f"- {path}")
        elif path not in then:
            click.echo(f"+ {path}")
        elif backups.seen.digest(root / path) != then[path]:
            click.echo(f"* {path}")


@main.command()
@click.argument("names", nargs=-1)
@click.option("--jobs", default=1)
@click.pass_obj
def verify(larder, names, jobs):
    """Whether archives are what they were."""
    bad = 0
    for number, trouble in upkeep.verify(larder.house, larder.catalogue,
                                         names, jobs):
        click.echo(f"{number}: {trouble or 'good'}")
        bad += bool(trouble)
    sys.exit(1 if bad else 0)


@main.command()
@click.argument("names", nargs=-1)
@click.option("--stamp", default="")
@click.option("--keep", default="age < 14 or number < 3")
@click.pass_obj
def prune(larder, names, stamp, keep):
    """Lets old snapshots go."""
    now = backups.stamp_of(stamp)
    with larder.lock():
        for row in larder.catalogue.departments():
            if names and row["name"] not in names:
                continue
            for one in list(upkeep.doomed(larder.catalogue, row, now, keep)):
                larder.store.drop(one["archive"], one["place"])
                larder.catalogue.forget(one["id"])
                click.echo(f"{row['name']}: {one['id']} is gone")


@main.command("wishes")
@click.pass_obj
def wishes_(larder):
    """Does what people ask for."""
    with larder.lock():
        for name, outcome in wishes.grant_all(larder.house, larder.catalogue,
                                              larder.store):
            click.echo(f"{name}: {outcome}")
