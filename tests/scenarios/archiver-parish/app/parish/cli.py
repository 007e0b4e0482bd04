# SPDX-License-Identifier: Apache-2.0
"""The command line."""
import datetime
import pathlib
import shutil
import sys

import click
import requests
import yaml
from slugger import slug

from . import __version__, fetch, output, store
from .config import Settings, start_log


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__)
@click.pass_context
def main(context):
    """Mirrors the sites of a parish and tells what is in them."""
    context.obj = Settings()
    start_log(context.obj)


def open_archive(settings):
    return store.Archive(settings)


def check_site(settings, site):
    if site not in settings.sites:
        raise click.ClickException(f"no site {site}")
    return site


@main.command()
@click.argument("sites", nargs=-1)
@click.option("--depth", type=int, help="Fewer levels than usual.")
@click.option("--as", "person", help="With this person's session.")
@click.pass_obj
def crawl(settings, sites, depth, person):
    """Mirrors SITES, or all."""
    archive = open_archive(settings)
    with store.locked(settings):
        for site in sites or settings.sites:
            known = settings.sites[check_site(settings, site)]
            try:
                counts = fetch.Crawl(settings, archive, site, person).run(
                    depth or known["depth"])
            except (requests.ConnectionError, FileNotFoundError) as error:
                raise click.ClickException(f"{site}: {error}")
            click.echo(f"{site}: " + ", ".join(
                f"{count} {name}" for name, count in counts.items()))


@main.command()
@click.argument("site")
@click.option("--as", "person", required=True)
@click.option("--cookies", type=click.Path(exists=True),
              help="A session somebody has handed over.")
@click.pass_obj
def login(settings, site, person, cookies):
    """Opens a session; the password comes from standard input."""
    check_site(settings, site)
    jar = fetch.Cookies(settings, site, person)
    try:
        if cookies:
            jar.save(jar.load(cookies))
        else:
            fetch.log_in(settings, site, person, sys.stdin.readline().strip())
    except requests.HTTPError as error:
        raise click.ClickException(f"{error.response.status_code}, not let in")
    click.echo(f"{person} is in")


@main.command(name="lend")
@click.argument("site")
@click.argument("person")
@click.argument("target", type=click.Path())
@click.pass_obj
def lend(settings, site, person, target):
    """Copies somebody's session for a colleague."""
    shutil.copy(fetch.Cookies(settings, site, person).path, target)
    click.echo("lent")


@main.command()
@click.argument("path")
@click.option("--raw", is_flag=True)
@click.pass_obj
def show(settings, path, raw):
    """A page of the archive, as text."""
    try:
        content = open_archive(settings).read(path)
    except OSError as error:
        raise click.ClickException(f"{path}: {error.strerror}")
    click.echo(content if raw else fetch.BeautifulSoup(
        content, "lxml").get_text("\n", strip=True))


@main.command()
@click.argument("words")
@click.pass_obj
def search(settings, words):
    """Pages that have WORDS."""
    found = open_archive(settings).search(words)
    for page in found:
        click.echo(f"{page['path']}: {page['title']}")
    if not found:
        raise click.ClickException(f"nothing about {words}")


@main.command(name="list")
@click.argument("condition", default="True")
@click.pass_obj
def list_pages(settings, condition):
    """Pages for which CONDITION holds: size > 900 and site == 'parish'."""
    for page in open_archive(settings).pages():
        result = eval(condition, {}, page)  # pylint: disable=eval-used
        if result is True:
            click.echo(f"{page['path']} {page['size']} {page['note']}")
        elif result:
            click.echo(f"{page['path']} {result}")


@main.command()
@click.argument("path")
@click.argument("text")
@click.pass_obj
def note(settings, path, text):
    """Remembers something about a page."""
    if not open_archive(settings).annotate(path, text):
        raise click.ClickException(f"no page {path}")
    click.echo("noted")


@main.command()
@click.argument("path")
@click.pass_obj
def forget(settings, path):
    """Drops a page."""
    open_archive(settings).forget(path)
    click.echo(f"{path} is gone")


def keep_clip(settings, url, into):
    name, title, content = fetch.clip(settings, url)
    target = settings["clips"] / into / (name or f"{slug(title)}.html")
    store.write(target, content)
    click.echo(f"{into}: {title}")


@main.command()
@click.argument("url")
@click.option("--into", default="unsorted", help="A folder of clips.")
@click.pass_obj
def clip(settings, url, into):
    """Keeps a single page or file."""
    try:
        keep_clip(settings, url, into)
    except requests.RequestException as error:
        raise click.ClickException(str(error))


@main.command()
@click.argument("file", type=click.File(encoding="utf-8"))
@click.pass_obj
def wishes(settings, file):
    """Clips what somebody's list names, folder by folder."""
    failed = 0
    for folder, urls in yaml.load(file, yaml.UnsafeLoader).items():
        for url in urls:
            try:
                keep_clip(settings, url, folder)
            except requests.RequestException as error:
                click.echo(f"{url}: {error}")
                failed += 1
    click.echo(f"done, {failed} failed")


@main.command()
@click.argument("sites", nargs=-1)
@click.pass_obj
def index(settings, sites):
    """Writes the indexes."""
    archive = open_archive(settings)
    for site in sites or settings.sites:
        letters = output.write_index(settings["index"], site, archive.pages(
            check_site(settings, site)))
        click.echo(f"{site}: {' '.join(letters)}")


@main.command()
@click.argument("site", required=False)
@click.option("--for", "person", required=True)
@click.option("--format", "forms", multiple=True, default=["html"],
              type=click.Choice(output.FORMATS))
@click.option("--heading", default="{{ count }} pages")
@click.option("--day", default=datetime.date.today().isoformat)
@click.pass_obj
def report(settings, site, person, forms, heading, day):
    """Writes what there is, for somebody."""
    pages = open_archive(settings).pages(site)
    for form in forms:
        path = output.write_report(settings["reports"], person, day, heading,
                                   form, pages)
        click.echo(f"{path.name}")


@main.command()
@click.argument("site")
@click.argument("name")
@click.pass_obj
def snapshot(settings, site, name):
    """Sets a copy of SITE aside."""
    count = output.snapshot(settings["archive"], settings["snapshots"],
                            check_site(settings, site), name)
    click.echo(f"{count} files")


@main.command()
@click.option("--keep", default=3)
@click.pass_obj
def prune(settings, keep):
    """Drops old snapshots."""
    for name in output.prune(settings["snapshots"], keep):
        click.echo(f"{name} is gone")


@main.command()
@click.argument("name")
@click.argument("wanted", type=click.Path(exists=True))
@click.pass_obj
def pack(settings, name, wanted):
    """Packs the pages that the file WANTED names."""
    output.pack(settings["archive"], settings["exports"], name,
                pathlib.Path(wanted).absolute())
    click.echo(f"{name}.tar.gz")


@main.command(context_settings={"ignore_unknown_options": True})
@click.argument("options", nargs=-1, type=click.UNPROCESSED)
@click.pass_obj
def compare(settings, options):
    """Two pages of the archive, after options of diff."""
    click.echo(output.compare(settings["archive"], options) or "no difference")
