# SPDX-License-Identifier: Apache-2.0
"""One department put away."""
import datetime
import pathlib
import secrets
import tempfile

from larder import filters, hooks, pack, seen, settings


def backup(house, catalogue, store, row, stamp, is_full=False, note="",
           is_dry=False):
    """Returns what a report says about it."""
    root = pathlib.Path(row["path"])
    told = settings.department(root)
    names = pack.names(root, told.get("exclude", ()))
    if chosen := told.get("filter"):
        names = filters.load(chosen).choose(root, names,
                                            told.get("limit", 1))
    known = seen.Seen(house.state / "seen" / f"{row['name']}.pickle")
    digests = known.digests(root, names)
    before = {} if is_full else last_digests(catalogue, row["name"])
    changed = [name for name in names
               if before.get(name) != digests[name][1]]
    kind = "delta" if before else "full"
    result = {"department": row["name"], "kind": kind, "files": len(names),
              "changed": len(changed), "note": note, "told": told,
              "hook": "", "answer": "", "owner": row["owner"]}
    if is_dry:
        return {**result, "id": "-", "bytes": 0, "changed_names": changed}
    values = {"name": row["name"], "path": root, "note": note,
              "stamp": f"{stamp:%Y-%m-%d}"}
    number = f"{stamp:%Y%m%d%H%M}-{secrets.token_hex(3)}"
    with tempfile.TemporaryDirectory(prefix="larder-") as work:
        work = pathlib.Path(work)
        for wanted in told.get("before", ()):
            result["hook"] += hooks.run(house, wanted, work, **values)
        extra = sorted(path for path in work.iterdir())
        manifest = {"department": row["name"], "taken": stamp.isoformat(),
                    "files": {name: digests[name][1] for name in names}}
        archive = pack.make(root, changed, extra, work / number,
                            told.get("pack", "gz"), manifest)
        if row["secret"]:
            archive = pack.encrypt(archive, house.keys / f"{row['name']}.phrase")
        inner = f"{row['name']}/{stamp:%Y}/{stamp:%m}/{archive.name}"
        places = store.put_away(archive, inner,
                                told.get("places", ["vault"]))
        snapshot = {
            "id": number, "department": row["name"],
            "taken": stamp.isoformat(), "kind": kind, "archive": inner,
            "place": ",".join(places), "digest": seen.digest(archive),
            "bytes": archive.stat().st_size, "note": note}
        catalogue.keep(snapshot, [
            (name, *digests[name], name in changed) for name in names])
        for wanted in told.get("after", ()):
            result["hook"] += hooks.run(house, wanted, work, **values)
    known.save()
    if url := told.get("tell"):
        result["answer"] = store.tell(url, {
            "department": row["name"], "snapshot": number,
            "changed": len(changed)})
    return {**result, "id": number, "bytes": snapshot["bytes"]}


def last_digests(catalogue, name):
    last = catalogue.snapshot(name, "last")
    return {row["path"]: row["digest"] for row in catalogue.all(
        "select path, digest from file where snapshot = ?",
        last["id"])} if last else {}


def stamp_of(text):
    return (datetime.datetime.fromisoformat(text) if text
            else datetime.datetime.now().replace(microsecond=0))
