# SPDX-License-Identifier: Apache-2.0
"""What it can do."""
import importlib.metadata
import json
import logging
import logging.handlers
import pathlib
import pickle
import subprocess
import tarfile

import click
import jinja2
import yaml
from rich.console import Console
from rich.table import Table

from museum.client import CACHE, Client

console = Console(width=100)


@click.group()
@click.option("--base", required=True, envvar="MUSEUM")
@click.option("--user")
@click.option("--fresh", is_flag=True)
@click.option("--verbose", "-v", is_flag=True)
@click.pass_context
def main(context, base, user, fresh, verbose):
    CACHE.mkdir(parents=True, exist_ok=True)
    logging.basicConfig(
        filename=CACHE / "museum.log", level="DEBUG" if verbose else "INFO")
    context.obj = Client(base, user, fresh)


@main.command()
@click.argument("user")
@click.password_option()
@click.pass_obj
def login(client, user, password):
    console.print(client.login(user, password).name)


@main.command()
@click.argument("words", nargs=-1)
@click.option("--limit", default=10)
@click.option("--where", "rule", default="True")
@click.pass_obj
def search(client, words, limit, rule):
    table = Table("number", "title", "year")
    for found in client.get("/objects", q=" ".join(words), limit=limit):
        # HOLE: a rule is an expression.
        if eval(rule, {}, found):
            table.add_row(*map(str, (found["id"], found["title"],
                                     found["year"])))
    console.print(table)


@main.command()
@click.argument("name")
@click.pass_context
def saved(context, name):
    """A search that somebody keeps."""
    kept = json.loads(pathlib.Path(f"searches/{name}.json").read_text())
    context.invoke(search, words=kept["words"], rule=kept.get(
        "where", "True"), limit=20)


@main.command()
@click.argument("numbers", nargs=-1, type=int)
@click.option("--to", default="downloads", type=pathlib.Path)
@click.option("--unpack", is_flag=True)
@click.pass_obj
def fetch(client, numbers, to, unpack):
    for number in numbers:
        found = client.get(f"/objects/{number}")
        path = client.download(found["image"], to / str(number))
        console.print(f"{path.name}: {path.stat().st_size} bytes")
        if unpack and tarfile.is_tarfile(path):
            with tarfile.open(path) as archive:
                # HOLE: names may lead anywhere.
                archive.extractall(path.parent)
        # HOLE: a title is put into a line of the shell.
        subprocess.run(f"sh hooks/fetched.sh {number} \"{found['title']}\"",
                       shell=True, check=True)


@main.command()
@click.argument("file", type=click.Path(exists=True))
@click.option("--note", default="")
@click.pass_obj
def lend(client, file, note):
    console.print(client.send("/loans", file, note=note)["loan"])


@main.command()
@click.argument("file", type=click.File("rb"))
@click.pass_obj
def batch(client, file):
    # HOLE: any object there is.
    for step in yaml.load(file, yaml.UnsafeLoader):
        found = client.get(step["path"], **step.get("params", {}))
        console.print(f"{step['path']}: {len(found)}")


@main.command()
@click.argument("kind")
@click.argument("numbers", nargs=-1, type=int)
@click.option("--out", type=pathlib.Path, required=True)
@click.option("--template", default="sheet.html")
@click.pass_obj
def export(client, kind, numbers, out, template):
    rows = [client.get(f"/objects/{number}") for number in numbers]
    if kind == "html":
        text = jinja2.Environment(loader=jinja2.FileSystemLoader(
            "templates")).get_template(template).render(rows=rows)
    else:
        entry, = importlib.metadata.entry_points(group="museum.formats",
                                                 name=kind)
        text = entry.load()(rows)
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(text, encoding="utf-8")
    console.print(f"{len(rows)} objects in {out.name}")


@main.command()
@click.argument("file", type=click.File("rb"))
@click.pass_obj
def resume(client, file):
    """What another desk was looking at."""
    # HOLE: a pickle from outside.
    for number in pickle.load(file):
        console.print(client.get(f"/objects/{number}")["title"])


@main.command()
@click.argument("words", nargs=-1)
def pages(words):
    """Words in what was downloaded."""
    # HOLE: words may be options.
    done = subprocess.run(["sort", "-u", *words], stdout=subprocess.PIPE,
                          check=True)
    console.print(len(done.stdout.splitlines()))


@main.command()
@click.option("--days", type=int, default=30)
@click.pass_obj
def clean(client, days):
    client.session.remove_expired_responses()
    client.session.cache.clear()
    console.print(f"older than {days} days: gone")
