# SPDX-License-Identifier: Apache-2.0
"""usage: summary.py DATABASE DAY: what was sailed on a day, as text."""
import argparse
import datetime
import sqlite3
import statistics
import textwrap


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("database")
    parser.add_argument("day", type=datetime.date.fromisoformat)
    options = parser.parse_args()
    db = sqlite3.connect(options.database)
    title, = db.execute("SELECT title FROM about").fetchone()
    print(f"{title}, {options.day:%A %d %B %Y}")
    for race, officer in db.execute(
            "SELECT race, officer FROM races WHERE date = ?",
            (options.day.isoformat(),)):
        times = [row[0] for row in db.execute(
            "SELECT seconds FROM finishes WHERE race = ?", (race,))]
        middle = f"median {statistics.median(times)} s" if times else "no time"
        print(textwrap.fill(f"{race} ({officer}): {len(times)} boats, "
                            f"{middle}", 70))
    for source, reading in db.execute("SELECT source, reading FROM wind"):
        print(f"wind {reading} at {source}")


if __name__ == "__main__":
    main()
