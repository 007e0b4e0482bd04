"""The office's own commands: new houses, the import directory, the night."""
import csv
import datetime
import pathlib
import shutil
import sqlite3
import subprocess
import traceback

import click
import jinja2
import yaml

TOP = pathlib.Path(__file__).resolve().parent
DATA = TOP / "data"


@click.group()
def main():
    """Apiaries' office."""


@main.command()
@click.argument("password")
def setup(password):
    """The central database and who may do all."""
    from passlib.hash import pbkdf2_sha256
    DATA.mkdir(exist_ok=True)
    with sqlite3.connect(DATA / "central.db") as database:
        database.execute("create table users (name text primary key, "
                         "tenant text, role text, hash text)")
        database.execute("insert into users values (?, ?, ?, ?)", (
            "office", "-", "admin",
            pbkdf2_sha256.using(rounds=2000).hash(password)))


# ----------------------------------------------------------------- the intake
def rows_of(path):
    if path.suffix == ".csv":
        with open(path, newline="", encoding="utf-8") as file:
            return list(csv.DictReader(file))
    with open(path, encoding="utf-8") as file:
        return yaml.load(file, Loader=yaml.UnsafeLoader)["harvests"]


def take(tenant, path):
    rows = [(int(row["hive"]), str(datetime.date.fromisoformat(
        str(row["day"]))), float(row["kg"]), int(row["cents"]))
        for row in rows_of(path)]
    with sqlite3.connect(DATA / "tenants" / tenant / "apiary.db",
                         timeout=15) as database:
        database.executemany("insert into harvests (hive, day, kg, cents) "
                             "values (?, ?, ?, ?)", rows)
    return len(rows)


@main.command()
@click.option("--only", help="one association")
def intake(only):
    """Takes what lies in the import directory."""
    for path in sorted((TOP / "incoming").rglob("*")):
        tenant, *inner = path.relative_to(TOP / "incoming").parts
        if not path.is_file() or only not in (None, tenant):
            continue
        try:
            count, to = take(tenant, path), TOP / "done"
            click.echo(f"{path.name}: {count} rows")
        except (ValueError, KeyError, TypeError, yaml.YAMLError,
                sqlite3.Error):
            to = TOP / "failed"
            click.echo(f"{path.name}: failed")
            why = (to / tenant).joinpath(*inner[:-1], path.name + ".txt")
            why.parent.mkdir(parents=True, exist_ok=True)
            why.write_text(traceback.format_exc())
        new = (to / tenant).joinpath(*inner)
        new.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(path, new)


# ------------------------------------------------------------------ the night
def copy(tenant, to):
    source = sqlite3.connect(tenant / "apiary.db", timeout=15)
    target = sqlite3.connect(to / f"{tenant.name}.db")
    source.backup(target)
    sums = source.execute("select count(*), coalesce(sum(kg), 0) "
                          "from harvests").fetchone()
    source.close()
    target.close()
    return sums


@main.command()
@click.option("--date", type=click.DateTime(["%Y-%m-%d"]), required=True)
@click.option("--keep", default=7, show_default=True)
def nightly(date, keep):
    """Copies of all databases, and a digest for each association."""
    name = f"{date:%Y-%m-%d}"
    backups = TOP / "backups"
    folder = backups / name
    folder.mkdir(parents=True)
    pages = jinja2.Environment(loader=jinja2.FileSystemLoader(
        TOP / "templates"), autoescape=True)
    for tenant in sorted((DATA / "tenants").iterdir()):
        count, kg = copy(tenant, folder)
        page = TOP / "outbox" / name / f"{tenant.name}.html"
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text(pages.get_template("digest.html").render(
            tenant=tenant.name, count=count, kg=kg, date=name))
    subprocess.run(["tar", "-czf", backups / f"{name}.tar.gz", "-C", backups,
                    name], check=True)
    shutil.rmtree(folder)
    for old in sorted(backups.glob("*.tar.gz"))[:-keep]:
        old.unlink()
        click.echo(f"{old.name} is gone")
    click.echo(f"{name} kept")


if __name__ == "__main__":
    main()
