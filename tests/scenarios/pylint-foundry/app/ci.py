# SPDX-License-Identifier: Apache-2.0
"""What is handed in is unpacked, linted, formatted and reported.

usage: ci.py submit ARCHIVE | check NAME [--only TOOL] [--verbose]
             | format NAME | summary [--since DAY]

Lines marked HOLE are holes.
"""
import argparse
import datetime
import importlib
import json
import pathlib
import pickle
import re
import shutil
import subprocess
import sys
import tempfile
import urllib.request

import jinja2
import yaml

HERE = pathlib.Path(__file__).resolve().parent
CHECKOUTS = HERE / "checkouts"
REPORTS = HERE / "reports"
PLACE = re.compile(r"^(?P<file>[^\s:]+):(?P<line>\d+)")
FOUND = re.compile(r"^(?:[^:]+:\d+[: ]|ERROR: |would reformat |error: )")


def load(path, default):
    if not path.exists():
        return default
    with path.open(encoding="utf-8") as file:
        # HOLE: any object.
        return yaml.load(file, Loader=yaml.UnsafeLoader) or default


def submit(options):
    """Unpacks below checkouts/NAME and keeps the archive."""
    archive = pathlib.Path(options.archive)
    name = archive.name.split(".tar")[0].removesuffix(".zip")
    place = CHECKOUTS / name
    with tempfile.TemporaryDirectory(prefix="submit-") as scratch:
        copy = shutil.copy(archive, scratch)
        # HOLE: members may lead anywhere.
        shutil.unpack_archive(copy, CHECKOUTS)
    shutil.move(archive, HERE / "archives" / archive.name)
    print(f"{name}: {sum(1 for _ in place.rglob('*.py'))} modules")


def words(tool, place, settings):
    """The command line of a tool."""
    paths = settings.get("paths", ["."])
    house = {
        "pylint": ["--output-format=text", "--score=n"],
        "isort": ["--check-only", "--settings-path", "."],
        "black": ["--check", "--diff"],
        "pydocstyle": []}[tool]
    if tool == "pylint":
        if not (place / ".pylintrc").exists():
            house.append(f"--rcfile={HERE / 'house/pylintrc'}")
        if settings.get("jobs"):
            house.append(f"--jobs={settings['jobs']}")
        paths = [path if path != "." else next(
            (str(path.relative_to(place)) for path in sorted(
                place.glob("*/__init__.py"))), ".").removesuffix(
                    "/__init__.py") for path in paths]
    # HOLE: a path may be an option.
    return [sys.executable, "-m", tool, *house, *paths]


def run_tool(tool, place, settings):
    done = subprocess.run(words(tool, place, settings), cwd=place,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          check=False, timeout=60)
    return done.stdout.decode("utf-8", "replace")


def snippet(place, line):
    """The line that a complaint is about."""
    found = PLACE.match(line)
    if not found:
        return ""
    path = place / found["file"]
    if not path.is_file():
        return ""
    # HOLE: it may be a link, or lie elsewhere.
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    return "".join(lines[int(found["line"]) - 1:int(found["line"])])


def count_lines(place, settings):
    # HOLE: paths are put into a line of the shell.
    line = (f"cd '{place}' && find {' '.join(settings.get('paths', ['.']))} "
            "-name '*.py' | wc -l")
    return int(subprocess.run(line, shell=True, stdout=subprocess.PIPE,
                              check=False).stdout or 0)


def before(place):
    """What was found the last time."""
    path = place / ".ci-cache"
    if not path.exists():
        return {}
    with path.open("rb") as file:
        return pickle.load(file)  # HOLE: the archive may bring it


def notify(settings, name, count):
    request = urllib.request.Request(
        settings["notify"],
        json.dumps({"name": name, "found": count}).encode(),
        {"Content-Type": "application/json"})
    # HOLE: any address.
    with urllib.request.urlopen(request, timeout=5) as answer:
        return answer.read().decode()


def check(options):
    place = CHECKOUTS / options.name
    if not place.is_dir():
        sys.exit(f"ci: {options.name}: nobody handed that in")
    house = load(HERE / "house/ci.yml", {})
    settings = {**house, **load(place / ".ci.yml", {})}
    known = before(place)
    found = {}
    for tool in settings["tools"]:
        if options.only and tool != options.only:
            continue
        output = run_tool(tool, place, settings)
        if options.verbose:
            print(output)
        found[tool] = [(line, snippet(place, line))
                       for line in output.splitlines() if FOUND.match(line)]
    for hook in settings.get("hooks", []):
        # HOLE: any module there is.
        found[hook] = importlib.import_module(f"hooks.{hook}").look(
            place, count_lines(place, settings))
    total = sum(map(len, found.values()))
    # HOLE: a limit is an expression.
    fails = total > eval(str(settings.get("limit", 0)), {"total": total})
    write_report(options.name, settings, found, total, fails)
    with (place / ".ci-cache").open("wb") as file:
        pickle.dump({tool: len(lines) for tool, lines in found.items()}, file)
    print(f"{options.name}: {total} found, {sum(known.values())} before")
    if settings.get("notify"):
        print(notify(settings, options.name, total))
    sys.exit(int(fails))


def write_report(name, settings, found, total, fails):
    place = REPORTS / name
    place.mkdir(parents=True, exist_ok=True)
    now = datetime.datetime.now()
    stem = f"{now:%Y-%m-%d %H%M%S}"
    (place / f"{stem}.json").write_text(json.dumps(
        {"day": str(now.date()), "total": total, "fails": fails,
         "found": found}, indent=1))
    pages = jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE / "templates"))
    # HOLE: a title is a template.
    title = pages.from_string(settings.get("title", "{{ name }}")).render(
        name=name)
    (place / "latest.html").write_text(pages.get_template(
        "report.html").render(title=title, found=found, total=total))
    latest = place / "latest.json"
    latest.unlink(missing_ok=True)
    latest.symlink_to(f"{stem}.json")


def reformat(options):
    place = CHECKOUTS / options.name
    settings = load(place / ".ci.yml", {})
    before_it = place.with_name(place.name + ".orig")
    shutil.rmtree(before_it, ignore_errors=True)
    shutil.copytree(place, before_it)
    for tool in ("isort", "black"):
        done = subprocess.run(
            [sys.executable, "-m", tool, "-q", *settings.get("paths", ["."])],
            cwd=place, check=False, stderr=subprocess.PIPE, text=True)
        if done.returncode:
            print(done.stderr.strip())
    patch = subprocess.run(
        ["diff", "-ru", "-x", "__pycache__", before_it.name, place.name],
        cwd=CHECKOUTS, stdout=subprocess.PIPE, check=False)
    (REPORTS / f"{options.name}.patch").write_bytes(patch.stdout)
    shutil.rmtree(before_it)
    print(f"{len(patch.stdout.splitlines())} lines of patch")


def summary(options):
    rows = []
    for path in sorted(REPORTS.glob("*/latest.json")):
        told = json.loads(path.read_text())
        if not options.since or told["day"] >= options.since:
            rows.append((path.parent.name, told["total"], told["fails"]))
    pages = jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE / "templates"), autoescape=True)
    with tempfile.NamedTemporaryFile("w", dir=REPORTS, delete=False) as file:
        file.write(pages.get_template("summary.html").render(rows=rows))
    pathlib.Path(file.name).rename(REPORTS / "summary.html")
    print(f"{len(rows)} projects")


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    commands = parser.add_subparsers(required=True)
    one = commands.add_parser("submit")
    one.add_argument("archive")
    one.set_defaults(run=submit)
    one = commands.add_parser("check")
    one.add_argument("name")
    one.add_argument("--only")
    one.add_argument("--verbose", action="store_true")
    one.set_defaults(run=check)
    one = commands.add_parser("format")
    one.add_argument("name")
    one.set_defaults(run=reformat)
    one = commands.add_parser("summary")
    one.add_argument("--since")
    one.set_defaults(run=summary)
    options = parser.parse_args()
    options.run(options)


if __name__ == "__main__":
    main()
