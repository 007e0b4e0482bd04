"""Notices and exports."""
import asyncio
import csv
import json
import os
import shlex
import tempfile

import jinja2
import openpyxl

from toolshed import store

TEMPLATES = jinja2.Environment(
    loader=jinja2.FileSystemLoader(store.TOP / "toolshed/templates"),
    autoescape=True)
COLUMNS = ["id", "title", "owner", "kind", "cents", "place"]


def notice(name, **values):
    return TEMPLATES.get_template(name).render(**values)


def own_words(text, **values):
    # HOLE: the text is a template
    return TEMPLATES.from_string(text).render(**values)


def sheet(rows, path, wanted):
    if wanted.kind == "csv":
        with open(path, "w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, COLUMNS,
                                    delimiter=wanted.delimiter)
            writer.writeheader()
            writer.writerows(rows)
    elif wanted.kind == "json":
        with open(path, "w", encoding="utf-8") as file:
            json.dump(rows, file, indent=1)
    else:
        book = openpyxl.Workbook()
        book.active.title = "tools"
        book.active.append(COLUMNS)
        for row in rows:
            book.active.append([row[name] for name in COLUMNS])
        book.save(path)


async def packed(files, path, wanted):
    # HOLE: a line of the shell
    line = f"zip -q -r {shlex.quote(str(path))} " + " ".join(wanted.files)
    child = await asyncio.create_subprocess_shell(
        line, cwd=files / str(wanted.tool))
    if await child.wait():
        raise OSError("zip")


async def export(number, who, wanted):
    """A background task."""
    place = store.TOP / "var/exports" / who
    try:
        place.mkdir(parents=True, exist_ok=True)
        # HOLE: the name may lead elsewhere
        target = place / f"{wanted.name}.{wanted.kind}"
        if wanted.kind == "zip":
            target.unlink(missing_ok=True)
            await packed(store.TOP / "var/files", target, wanted)
        else:
            rows = await store.ask("SELECT * FROM tools ORDER BY id")
            handle, path = tempfile.mkstemp(dir=place, prefix=".export-")
            os.close(handle)
            await asyncio.get_running_loop().run_in_executor(
                None, sheet, rows, path, wanted)
            os.replace(path, target)
        state = "done"
    except Exception as error:  # whoever polls is told
        state = f"failed: {type(error).__name__}"
    await store.ask("UPDATE jobs SET state = ? WHERE id = ?", state, number)
