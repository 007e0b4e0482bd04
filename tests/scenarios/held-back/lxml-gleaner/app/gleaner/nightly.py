# SPDX-License-Identifier: Apache-2.0
"""What the night brought."""
import collections
import csv
import html
import string

from gleaner import index, settings


def write(home, night, form, heading):
    year, month, day = night.split("-")
    target = home / "reports" / year / month / f"{day}.{form}"
    target.parent.mkdir(parents=True, exist_ok=True)
    with index.Index(home) as pages:
        rows, facts = pages.search(""), pages.facts()
    if form == "csv":
        with open(target, "w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows(map(tuple, facts))
        return target
    heading = heading.format(night=night, **settings.main(home)["report"])
    sums = collections.Counter((row["site"], row["kind"]) for row in rows)
    lines = [f"{site} {kind}: {count}"
             for (site, kind), count in sorted(sums.items())]
    lines += [f"{row['key']}: {row['value']}" for row in facts]
    with open(home / "templates" / f"nightly.{form}",
              encoding="utf-8") as file:
        page = string.Template(file.read())
    if form == "html":
        lines = [f"<li>{html.escape(line)}" for line in lines]
    target.write_text(page.substitute(
        heading=heading, lines="\n".join(lines)), encoding="utf-8")
    return target
