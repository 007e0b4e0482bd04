"""What all tanks did in the newest hour, as a page and a table."""
import csv
import os
import pathlib
import statistics

import jinja2

from jobs import store


def rows(hour):
    for path in sorted(store.DATA.rglob("*.csv")):
        with open(path, newline="", encoding="utf-8") as table:
            seen = [float(value) for at, value in csv.reader(table)
                    if at.startswith(hour)]
        if seen:
            yield (str(path.relative_to(store.DATA).with_suffix("")),
                   min(seen), round(statistics.mean(seen), 2), max(seen))


def main():
    hour = store.latest()
    if not hour:
        return
    found = list(rows(hour))
    page = jinja2.Environment(
        loader=jinja2.FileSystemLoader("templates"), autoescape=True
    ).get_template("report.html").render(hour=hour, rows=found)
    date, _, clock = hour.partition("T")
    path = pathlib.Path("reports") / date / f"{clock}.html"
    fresh = path.with_suffix(".new")
    store.keep(fresh, page)
    os.replace(fresh, path)
    with open(path.with_suffix(".csv"), "w", encoding="utf-8") as table:
        csv.writer(table).writerows(found)
    print(f"reported {hour}")


if __name__ == "__main__":
    main()
