"""What is due: run by cron. nightly.py DAY"""
import sys

from toolshed import paper, store


def main(day):
    loans = store.ask_now(
        "SELECT loans.*, title FROM loans JOIN tools ON tools.id = tool "
        "WHERE due >= ? ORDER BY due", (day,))
    digests = store.TOP / "var/digests"
    digests.mkdir(exist_ok=True)
    (digests / f"{day}.txt").write_text(
        paper.notice("digest.txt", day=day, loans=loans))
    for path in (store.TOP / "var/exports").rglob(".export-*"):
        path.unlink()
    print(f"{len(loans)} due")


main(sys.argv[1])
