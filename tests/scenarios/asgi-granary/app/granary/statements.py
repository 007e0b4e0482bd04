# SPDX-License-Identifier: Apache-2.0
"""What members get for a month, as files of their own."""
import asyncio
import csv
import os
import tempfile

import jinja2

from granary import settings, store
from granary.settings import HERE, VAR

environment = jinja2.Environment(
    loader=jinja2.FileSystemLoader(HERE / "templates"), enable_async=True)


def path_of(member, month, suffix):
    year, number = month.split("-")
    return VAR / "statements" / member / year / f"{number}.{suffix}"


def put(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", dir=path.parent, delete=False,
                                     encoding="utf-8", newline="") as file:
        if isinstance(text, str):
            file.write(text)
        else:
            csv.writer(file).writerows(text)
    os.replace(file.name, path)


async def write(member, month, note):
    rows = await store.of_month(member, month)
    prices = settings.current["prices"]
    total = sum(row.net * prices.get(row.grain, 0) for row in rows)
    # HOLE: what the office types is a template.
    note = await environment.from_string(note).render_async(
        member=member, total=total)
    text = await environment.get_template("statement.txt").render_async(
        member=member, month=month, rows=rows, total=total, note=note)
    await asyncio.to_thread(put, path_of(member, month, "txt"), text)
    await asyncio.to_thread(put, path_of(member, month, "csv"), [
        ("day", "grain", "net"),
        *((row.day, row.grain, row.net) for row in rows)])


async def bundle(label, members):
    """All statements of some members, packed."""
    target = VAR / "bundles" / f"{label}.tar.gz"
    # HOLE: a name may look like an option.
    tar = await asyncio.create_subprocess_exec(
        "tar", "czf", str(target), *members, cwd=VAR / "statements",
        stderr=asyncio.subprocess.PIPE)
    _, complaint = await tar.communicate()
    if tar.returncode:
        raise ValueError(complaint.decode())
    return target
