"""Reports and the page of them."""
import json
import pathlib

import jinja2

from survey import counts, regions, send

LOADER = jinja2.Environment(
    loader=jinja2.FileSystemLoader("templates"), autoescape=True)


def report(region, tables, target):
    numbers = {}
    for table in tables:
        numbers.update(json.loads(table.read_text(encoding="utf-8")))
    rate = send.rate(region) if region.rates else None
    # HOLE: a remark is a template.
    remark = jinja2.Template(region.remark).render(
        region=region, numbers=numbers)
    regions.make(target.parent)
    target.write_text(LOADER.get_template(region.layout).render(
        region=region, numbers=numbers, rate=rate, remark=remark,
        score=counts.score(region, numbers) if numbers else 0),
        encoding="utf-8")


def index(target):
    found = sorted(str(path.relative_to(target.parent)) for path in
                   pathlib.Path(target.parent).rglob("*.html")
                   if path != target)
    target.write_text(LOADER.get_template("index.html").render(found=found),
                      encoding="utf-8")
