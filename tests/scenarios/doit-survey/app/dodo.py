# SPDX-License-Identifier: Apache-2.0
"""Makes reports, bundles and a page of what the regions hand in.

    doit                    reports and the page
    doit pack               bundles with checksums
    doit publish            sends the bundles away
"""
import datetime
import importlib
import pathlib
import shlex

from doit import get_var

from survey import counts, pages, regions, send

DOIT_CONFIG = {"default_tasks": ["clean_up", "report", "page"],
               "dep_file": "var/doit.db", "verbosity": 1}
HANDED_IN = pathlib.Path("handed-in")
BUILD = pathlib.Path("build")
DAY = get_var("day", datetime.date.today().isoformat())


def task_clean_up():
    """Tables without what people mistype."""
    for region in regions.all_of(HANDED_IN):
        for table in region.tables():
            target = BUILD / "clean" / region.name / (table.stem + ".json")
            yield {"name": f"{region.name}/{table.stem}",
                   "file_dep": [table, region.settings_file],
                   "targets": [target],
                   "actions": [(counts.clean, [region, table, target])],
                   "clean": True}


def task_report():
    """One report of each region, and its label."""
    for region in regions.all_of(HANDED_IN):
        clean = [BUILD / "clean" / region.name / (table.stem + ".json")
                 for table in region.tables()]
        target = BUILD / region.output()
        label = BUILD / "labels" / f"{region.name}.txt"
        yield {"name": region.name,
               "file_dep": clean + [region.settings_file],
               "targets": [target, label],
               "actions": [
                   (pages.report, [region, clean, target]),
                   (regions.make, [label.parent]),
                   # HOLE: a title is part of a line of the shell.
                   f'echo "{region.title}" | fold -w 40 > '
                   + shlex.quote(str(label))],
               "clean": True}


def task_page():
    """The page that lists all of them."""
    return {"actions": [(pages.index, [BUILD / "index.html"])],
            "file_dep": [BUILD / region.output()
                         for region in regions.all_of(HANDED_IN)],
            "targets": [BUILD / "index.html"], "clean": True}


def task_pack():
    """Bundles, and what they add up to."""
    (pathlib.Path("dist")).mkdir(exist_ok=True)
    for region in regions.all_of(HANDED_IN):
        bundle = pathlib.Path("dist") / f"{region.name}-{DAY}.tar.gz"
        yield {"name": region.name, "task_dep": ["report:" + region.name],
               "params": [{"name": "level", "long": "level", "default": "6"}],
               "targets": [bundle],
               "actions": [
                   # HOLE: a file's name may be an option of tar.
                   "out=$(realpath " + shlex.quote(str(bundle)) + ") && cd "
                   + shlex.quote(str(HANDED_IN / region.name))
                   + " && tar cf - * | gzip -%(level)s > \"$out\"",
                   "sha256sum " + shlex.quote(str(bundle)) + " > "
                   + shlex.quote(f"{bundle}.sha256")]}


def task_publish():
    """Sends bundles to where the regions say."""
    for region in regions.all_of(HANDED_IN):
        if region.mirror:
            bundle = pathlib.Path("dist") / f"{region.name}-{DAY}.tar.gz"
            yield {"name": region.name, "file_dep": [bundle],
                   "actions": [(send.bundle, [region, bundle])],
                   "uptodate": [False]}


def task_extra():
    """What single regions ask for, from the directory tasks."""
    for region in regions.all_of(HANDED_IN):
        for name in region.extra:
            module = importlib.import_module("tasks." + name)
            yield {"name": f"{region.name}/{name}",
                   "actions": [(module.make, [
                       region, BUILD / "extra" / region.name])],
                   "uptodate": [False]}
