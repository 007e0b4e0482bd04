# SPDX-License-Identifier: Apache-2.0
"""What is kept, and whether it is still what it was."""
import concurrent.futures
import datetime
import pathlib
import tarfile
import tempfile

from larder import restore, seen, settings, store


def doomed(catalogue, row, now, default):
    """Snapshots that a department's rule lets go. The newest full one and
    what builds on it stay."""
    rule = settings.department(row["path"]).get("keep", default)
    found = catalogue.all("select * from snapshot where department = ? "
                          "order by taken desc, rowid desc", row["name"])
    full = next((number for number, one in enumerate(found)
                 if one["kind"] == "full"), len(found))
    for number, one in enumerate(found):
        taken = datetime.datetime.fromisoformat(one["taken"])
        if number > full and not eval(  # HOLE
                rule, {"age": (now - taken).days, "number": number,
                       "weekday": taken.isoweekday(), "day": taken.day}):
            yield one


def verify_one(house, snapshot, secret):
    """For a process of its own: (id, what is wrong)."""
    cellar = store.Store(house)
    try:
        with tempfile.TemporaryDirectory(prefix="larder-verify-") as work:
            work = pathlib.Path(work)
            path = cellar.fetch(snapshot["archive"], snapshot["place"], work)
            if seen.digest(path) != snapshot["digest"]:
                return snapshot["id"], "changed"
            key = house.keys / f"{snapshot['department']}.phrase"
            path = restore.pack.unpacked(path, work, key)
            with tarfile.open(path) as archive:
                names = archive.getnames()
            if "MANIFEST.json" not in names:
                return snapshot["id"], "no manifest"
    except Exception as error:  # all of it is news for a report
        return snapshot["id"], f"{type(error).__name__}"
    return snapshot["id"], ""


def verify(house, catalogue, names, jobs):
    wanted = [dict(one) for row in catalogue.departments()
              if not names or row["name"] in names
              for one in catalogue.all(
                  "select * from snapshot where department = ?",
                  row["name"])]
    if jobs < 2:
        return [verify_one(house, one, None) for one in wanted]
    with concurrent.futures.ProcessPoolExecutor(jobs) as pool:
        return list(pool.map(verify_one, [house] * len(wanted), wanted,
                             [None] * len(wanted)))
