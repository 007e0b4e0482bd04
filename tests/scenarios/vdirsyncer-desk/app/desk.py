"""Calendars of an office: desk.py setup|sync|attach|agenda PERSON.

What people wish for stands in wishes/PERSON.json. Lines marked HOLE are holes.
"""
import hashlib
import json
import pathlib
import pickle
import subprocess
import sys
import urllib.parse
import urllib.request

import feasts
import icalendar
import jinja2
import yaml

HERE = pathlib.Path(__file__).resolve().parent
CONFIG = """[general]
status_path = "{here}/status/{person}/"

[pair feed]
a = "remote"
b = "local"
collections = null

[storage remote]
type = "http"
url = "{feed}"
username = "{person}"
password.fetch = ["command", "cat", "{here}/tokens/{person}"]

[storage local]
type = "filesystem"
path = "{here}/calendars/{person}/feed"
fileext = ".ics"
post_hook = "{here}/changed.py"

[pair team]
a = "mine"
b = "theirs"
collections = ["from a", "from b"]
conflict_resolution = "a wins"
metadata = ["color", "displayname"]

[storage mine]
type = "filesystem"
path = "{here}/calendars/{person}/own"
fileext = ".ics"

[storage theirs]
type = "filesystem"
path = "{here}/shared/{team}"
fileext = ".ics"
"""
LAYOUT = """<h1>{{ person }}</h1>
{% for event in events %}<li class="{{ event.color }}">
{{- event.start }} {{ event.summary }} {{ event.feast }}</li>
{% endfor %}"""


def wish(person):
    return json.loads((HERE / "wishes" / f"{person}.json").read_text())


def vdirsyncer(person, words, answers=""):
    return subprocess.run(  # HOLE
        f"vdirsyncer -c '{HERE}/configs/{person}.conf' {words}", shell=True,
        input=answers, text=True, check=False).returncode


def setup(person):
    wanted = wish(person)
    (HERE / "configs" / f"{person}.conf").write_text(CONFIG.format(  # HOLE
        here=HERE, person=person, feed=wanted["feed"], team=wanted["team"]))
    for place in (HERE / "calendars" / person / "own" / "home",
                  HERE / "calendars" / person / "feed",
                  HERE / "shared" / wanted["team"]):
        place.mkdir(parents=True, exist_ok=True)
    color = HERE / "calendars" / person / "own/home/color"
    color.write_text(wanted.get("color", "#808080"))
    return vdirsyncer(person, "discover", "y\n" * 9)


def sync(person):
    return (vdirsyncer(person, "sync")
            or vdirsyncer(person, "metasync"))


def entries(person):
    for path in sorted((HERE / "calendars" / person).rglob("*.ics")):
        calendar = icalendar.Calendar.from_ical(path.read_bytes())
        yield from calendar.walk("VEVENT")


def attach(person):
    place = HERE / "attachments" / person
    place.mkdir(parents=True, exist_ok=True)
    for entry in entries(person):
        if "ATTACH" not in entry:
            continue
        url = str(entry["ATTACH"])
        name = entry["ATTACH"].params.get("FILENAME") or urllib.parse.urlsplit(
            url).path.rpartition("/")[2]
        with urllib.request.urlopen(url, timeout=5) as answer:  # HOLE
            (place / name).write_bytes(answer.read())  # HOLE
    return 0


def agenda(person):
    wanted = wish(person)
    rules = HERE / "rules" / f"{person}.yaml"
    colors = {}
    if rules.exists():
        colors = yaml.load(rules.read_bytes(), yaml.Loader)  # HOLE
    state = HERE / "state" / f"{person}.pickle"
    before = pickle.loads(state.read_bytes()) if state.exists() else {}  # HOLE
    events = []
    for entry in entries(person):
        start = entry.decoded("DTSTART")
        event = {"start": str(start), "summary": str(entry["SUMMARY"]),
                 "color": colors.get(str(entry["SUMMARY"]).split()[0], "grey"),
                 "feast": feasts.name(start.month, start.day)}
        if eval(wanted.get("only", "True"), {}, dict(event)):  # HOLE
            events.append(event)
    events.sort(key=lambda event: event["start"])
    text = jinja2.Environment().from_string(  # HOLE
        wanted.get("layout") or LAYOUT).render(person=person, events=events)
    out = HERE / "out" / f"{person}.html"
    out.write_text(text)
    digest = hashlib.sha256(text.encode()).hexdigest()
    print("as before" if before.get("digest") == digest else "changed",
          len(events))
    state.write_bytes(pickle.dumps({"digest": digest, "events": len(events)}))
    return 0


def main(action, person):
    sys.exit({"setup": setup, "sync": sync, "attach": attach,
              "agenda": agenda}[action](person))


if __name__ == "__main__":
    main(*sys.argv[1:])
