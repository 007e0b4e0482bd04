# SPDX-License-Identifier: Apache-2.0
"""People leave wishes in requests/, as files; what they get is in their
outbox."""
import yaml

from larder import restore


class Refused(Exception):
    """A wish that cannot be."""


def grant(house, catalogue, store, wish):
    for needed in ("who", "department"):
        if needed not in wish:
            raise Refused(f"no {needed}")
    if not catalogue.department(str(wish["department"])):
        raise Refused(f"no department {wish['department']}")
    snapshot = catalogue.snapshot(wish["department"],
                                  str(wish.get("snapshot", "last")))
    if not snapshot:
        raise Refused("no such snapshot")
    outbox = house.outbox / wish["who"]
    only = wish.get("only")
    if wish.get("as"):
        count = restore.zipped(house, catalogue, store, snapshot, only,
                               outbox / wish["as"])  # HOLE
    else:
        target = outbox / wish.get("to", snapshot["id"])  # HOLE
        count = restore.tree(house, catalogue, store, snapshot, only, target)
    if not count:
        raise Refused("nothing like that")
    letter = house.top / "templates/letters" / wish.get(  # HOLE
        "letter", "plain.txt")
    outbox.mkdir(parents=True, exist_ok=True)
    (outbox / "READ ME.txt").write_text(
        letter.read_text().replace("{who}", wish["who"])
        .replace("{count}", str(count)))
    return count


def grant_all(house, catalogue, store):
    for place in ("done", "refused"):
        (house.requests / place).mkdir(exist_ok=True)
    for path in sorted(house.requests.glob("*.yml")):
        try:
            with open(path, encoding="utf-8") as source:
                wish = yaml.safe_load(source)
            if not isinstance(wish, dict):
                raise Refused("not a wish")
            count = grant(house, catalogue, store, wish)
            path.rename(house.requests / "done" / path.name)
            yield path.name, f"{count} files"
        except (Refused, restore.Gone, yaml.YAMLError) as error:
            path.rename(house.requests / "refused" / path.name)
            (house.requests / "refused" / f"{path.name}.why").write_text(
                f"{error}\n")
            yield path.name, "refused: " + str(error).split("\n")[0]
