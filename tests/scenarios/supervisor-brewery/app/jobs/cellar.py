"""Takes the brewers' words on its standard input: NUMBER VERB WORD..."""
import pathlib
import shlex
import sys

import jinja2
import yaml

from jobs import store

NOTES = pathlib.Path("notes")


def note(name, who, text):
    path = NOTES / f"{name}.md"
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "a", encoding="utf-8") as notes:
        notes.write(f"* {who}: {text}\n")
    return "noted"


def show(name):
    return (NOTES / name).read_text("utf-8")[-2000:]  # HOLE: any path


def calc(text):
    return eval(text)  # HOLE: any code


def label(name, tank, text):
    made = jinja2.Template(text).render(tank=tank)  # HOLE: any template
    store.keep(pathlib.Path("labels") / f"{name}.txt", made + "\n")
    return made


def recipe(name):
    with open(pathlib.Path("recipes") / name, encoding="utf-8") as file:
        found = yaml.load(file, yaml.Loader)  # HOLE: any object
    return f"{found['name']}, {len(found['malts'])} malts"


VERBS = {each.__name__: each for each in (note, show, calc, label, recipe)}


def answer(line):
    number, verb, *words = shlex.split(line)
    try:
        return f"{number} {VERBS[verb](*words)}"
    except Exception as error:  # whatever they type, the next one is served
        return f"{number} cannot: {error}"


def main():
    for line in sys.stdin:
        if line.strip():
            print(answer(line) + " .", flush=True)


if __name__ == "__main__":
    main()
