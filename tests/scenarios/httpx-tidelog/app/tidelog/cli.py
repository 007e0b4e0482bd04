# SPDX-License-Identifier: Apache-2.0
"""The commands."""
import asyncio
import logging
import pathlib

import click
import platformdirs
import rich.box
import rich.console
import rich.table

from . import __version__, batch, downloads, exports
from .api import Api
from .cache import Cache
from .config import Settings

log = logging.getLogger("tidelog")


def keep_log():
    folder = pathlib.Path(platformdirs.user_state_dir("tidelog"))
    folder.mkdir(parents=True, exist_ok=True)
    logging.basicConfig(
        filename=folder / "tidelog.log", level=logging.INFO,
        format="%(asctime)s %(process)d %(levelname)s %(message)s")


def show(title, columns, rows):
    table = rich.table.Table(*columns, title=title, box=rich.box.SIMPLE)
    for row in rows:
        table.add_row(*map(str, row))
    rich.console.Console(width=120).print(table)


class Office:
    """What all commands share."""

    def __init__(self, settings, uses_cache, is_quiet, is_verbose):
        self.settings = settings
        self.uses_cache = uses_cache
        self.is_quiet = is_quiet
        self.is_verbose = is_verbose

    def api(self):
        return Api(self.settings, self.uses_cache)

    def say(self, text):
        if not self.is_quiet:
            click.echo(text)

    def explain(self, text):
        if self.is_verbose:
            click.echo(text, err=True)


@click.group()
@click.version_option(__version__)
@click.option("--config", type=click.Path(dir_okay=False))
@click.option("--profile", "-p")
@click.option("--timeout", type=float)
@click.option("--retries", type=click.IntRange(1, 10))
@click.option("--no-cache", is_flag=True)
@click.option("--quiet", "-q", is_flag=True)
@click.option("--verbose", "-v", is_flag=True)
@click.pass_context
def cli(context, config, profile, timeout, retries, no_cache, quiet, verbose):
    """Tide readings and files of the harbour office."""
    keep_log()
    context.obj = Office(
        Settings(config, profile, timeout=timeout, retries=retries),
        not no_cache, quiet, verbose)


# -------------------------------------------------------------------- sessions
@cli.command()
@click.option("--password-stdin", is_flag=True)
@click.pass_obj
def login(office, password_stdin):
    """Keep a token for the profile."""
    password = (click.get_text_stream("stdin").readline().strip()
                if password_stdin else click.prompt("Password",
                                                    hide_input=True))
    with office.api() as api:
        answer = api.login(password)
    office.say(f"logged in as {answer['name']}")


@cli.command()
@click.pass_obj
def logout(office):
    """Forget the token."""
    with office.api() as api:
        api.sign().send("POST", "/api/logout")
    office.settings.forget_token()
    office.say("logged out")


@cli.command()
@click.pass_obj
def whoami(office):
    """Show who is logged in."""
    with office.api() as api:
        office.say(api.sign().get("/api/me")["name"])


@cli.group()
def profile():
    """People and the APIs they work with."""


@profile.command("add")
@click.argument("name")
@click.option("--url", required=True)
@click.option("--user")
@click.pass_obj
def profile_add(office, name, url, user):
    """Make a profile, or change it."""
    office.settings.add_profile(name, url, user or name)
    office.say(f"profile {name}")


@profile.command("list")
@click.pass_obj
def profile_list(office):
    """Show all profiles."""
    for name in office.settings.profiles():
        click.echo(("* " if name == office.settings.profile_name else "  ")
                   + name)


@profile.command("remove")
@click.argument("name")
@click.pass_obj
def profile_remove(office, name):
    """Remove a profile and its token."""
    try:
        office.settings.remove_profile(name)
    except FileNotFoundError:
        raise click.ClickException(f"no profile {name!r}") from None


# -------------------------------------------------------------------- readings
def period(command):
    for option in (click.option("--to", "last"),
                   click.option("--from", "first", required=True)):
        command = option(command)
    return command


def readings_of(api, station, first, last, **query):
    return api.pages("/api/readings", **{
        "station": station, "from": first, "to": last or first, **query})


@cli.command()
@click.pass_obj
def stations(office):
    """List the stations."""
    with office.api() as api:
        found = api.sign().get("/api/stations")["items"]
    show("Stations", ["station", "name"],
         [(item["station"], item["name"]) for item in found])


@cli.command("list")
@click.argument("station")
@period
@click.option("--page", type=int)
@click.option("--per-page", type=int, default=20)
@click.option("--sort", type=click.Choice(["time", "level", "wind"]),
              default="time")
@click.option("--reverse", is_flag=True)
@click.option("--local-time", is_flag=True)
@click.option("--where")
@click.pass_obj
def list_readings(office, station, first, last, page, per_page, sort, reverse,
                  local_time, where):
    """List readings, all pages or one."""
    query = {"per_page": per_page, "sort": sort}
    with office.api() as api:
        api.sign()
        if page:
            found = api.get("/api/readings", **{
                "station": station, "from": first, "to": last or first,
                "page": page, **query})["items"]
        else:
            found = readings_of(api, station, first, last, **query)
        found = exports.chosen(
            [exports.with_datum(one, not local_time) for one in found], where)
    if reverse:
        found.reverse()
    show(f"{station}, {len(found)} readings", exports.COLUMNS,
         [[one[name] for name in exports.COLUMNS] for one in found])


@cli.command()
@click.argument("text")
@click.option("--limit", type=int, default=50)
@click.pass_obj
def search(office, text, limit):
    """Search the log book."""
    with office.api() as api:
        found = list(api.sign().pages("/api/notes", q=text))[:limit]
    show(f"{len(found)} notes", ["date", "station", "note"],
         [(one["date"], one["station"], one["note"]) for one in found])


@cli.command()
@click.argument("station")
@period
@click.option("--format", "-f", "form", type=click.Choice(exports.FORMATS),
              default="csv")
@click.option("--output", "-o", required=True, type=click.Path())
@click.option("--where")
@click.option("--local-time", is_flag=True)
@click.option("--no-header", is_flag=True)
@click.pass_obj
def export(office, station, first, last, form, output, where, local_time,
           no_header):
    """Readings as a file."""
    with office.api() as api:
        found = exports.chosen(
            [exports.with_datum(one, not local_time) for one in
             readings_of(api.sign(), station, first, last, per_page=100)],
            where)
    exports.export(output, found, form, not no_header)
    office.say(f"{len(found)} readings in {output}")


@cli.command()
@click.argument("name")
@click.argument("station")
@period
@click.option("--output", "-o", type=click.Path())
@click.pass_obj
def report(office, name, station, first, last, output):
    """Readings as text, after a template."""
    with office.api() as api:
        found = [exports.with_datum(one) | {"day": one["time"][:10]}
                 for one in readings_of(api.sign(), station, first, last)]
    text = exports.report(office.settings["templates"], name, station=station,
                          first=first, last=last or first, readings=found)
    if output:
        path = pathlib.Path(output)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + "\n", encoding="utf-8")
        office.say(f"report in {output}")
    else:
        click.echo(text)


# ----------------------------------------------------------------------- files
@cli.command()
@click.argument("stations", nargs=-1, required=True)
@period
@click.option("--kind", type=click.Choice(["tide", "weather", "photo"]))
@click.option("--into", type=click.Path())
@click.option("--jobs", "-j", type=click.IntRange(1, 16))
@click.option("--gzip", "is_compressed", is_flag=True)
@click.option("--force", is_flag=True)
@click.pass_obj
def fetch(office, stations, first, last, kind, into, jobs, is_compressed,
          force):
    """Download files of stations."""
    settings = office.settings
    with office.api() as api:
        api.sign()
        items = [item for station in stations for item in api.pages(
            "/api/files", **{"station": station, "from": first,
                             "to": last or first, "kind": kind or ""})]
    fetcher = downloads.Fetcher(settings, into or settings["downloads"],
                                jobs or settings["jobs"], force)
    results = asyncio.run(fetcher.fetch(items))
    keep_history(settings.profile_name, results)
    for item, path, outcome in results:
        if is_compressed and outcome == "fetched":
            downloads.compress(path)
        office.explain(f"{item['url']} is {path}")
        office.say(f"{item['station']} {item['date']} {item['name']}: "
                   f"{outcome}")
    failed = sum(outcome.startswith("failed") for _, _, outcome in results)
    if failed:
        raise click.ClickException(f"{failed} files failed")


def keep_history(profile_name, results):
    history = downloads.History()
    for item, path, outcome in results:
        if outcome == "fetched":
            history.add(profile_name, item, path)
    history.close()


@cli.command()
@click.argument("files", nargs=-1, required=True,
                type=click.Path(exists=True, dir_okay=False))
@click.option("--station", required=True)
@click.option("--note", default="")
@click.option("--kind", type=click.Choice(["tide", "weather", "photo"]),
              default="tide")
@click.pass_obj
def upload(office, files, station, note, kind):
    """Send files of a station."""
    with office.api() as api:
        answer = api.sign().upload(files, station=station, note=note,
                                   kind=kind)
    office.say(f"{len(answer['ids'])} files, numbers "
               + ", ".join(map(str, answer["ids"])))


@cli.command()
@click.argument("station")
@click.argument("month")
@click.option("--output", "-o", type=click.Path(), required=True)
@click.pass_obj
def pack(office, station, month, output):
    """A month's files as one archive."""
    folder = downloads.month_folder(office.settings["downloads"], station,
                                    month)
    if not folder.is_dir():
        raise click.ClickException(f"nothing of {station} in {month}")
    downloads.pack(folder, output)
    office.say(f"packed in {output}")


@cli.command()
@click.option("--station", default="%")
@click.option("--limit", type=int, default=20)
@click.pass_obj
def history(_, station, limit):
    """What was fetched last."""
    kept = downloads.History()
    show("Fetched", ["at", "who", "station", "name"],
         kept.rows(station, limit))
    kept.close()


# ---------------------------------------------------------------------- upkeep
@cli.group()
def cache():
    """Answers kept on disk."""


@cache.command("info")
@click.pass_obj
def cache_info(office):
    """How many there are."""
    entries = Cache(office.settings.profile_name).entries()
    size = sum(path.stat().st_size for path in entries)
    office.say(f"{len(entries)} answers, {size} bytes")


@cache.command("clear")
@click.pass_obj
def cache_clear(office):
    """Remove all of them."""
    office.say(f"{Cache(office.settings.profile_name).clear()} removed")


@cli.command("batch")
@click.argument("file", type=click.Path(exists=True, dir_okay=False))
@click.pass_context
def run_batch(context, file):
    """Run the commands of a file."""
    office = context.obj
    failed = batch.run(file, cli, ["-p", office.settings.profile_name],
                       office.settings["logs"])
    if failed:
        raise click.ClickException(f"{failed} steps failed")
