# SPDX-License-Identifier: Apache-2.0
"""Sorts photos into albums and shows them.

photos.py import|sheet|gallery|export|share|undo|rename ...
"""
import argparse
import importlib.util
import json
import os
import pathlib
import pickle
import shutil
import subprocess
import tempfile

import jinja2
import requests
from PIL import ExifTags, Image, ImageDraw, ImageFont

import stamps

HERE = pathlib.Path(__file__).resolve().parent
TAGS = {name: number for number, name in ExifTags.TAGS.items()}


def step(name):
    """HOLE: a step is a file at any path."""
    spec = importlib.util.spec_from_file_location("step", HERE / "steps" /
                                                  f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.apply


def journal(album, moves):
    path = album / ".journal"
    done = pickle.loads(path.read_bytes()) if path.exists() else []  # HOLE
    path.write_bytes(pickle.dumps(done + [moves]))


def import_(args):
    moves = {}
    for path in sorted(args.source.rglob("*")):
        if not path.is_file():
            continue
        try:
            with Image.open(path) as picture:
                when = picture.getexif().get(TAGS["DateTime"], "0000:00")
                picture = picture.convert("RGB")
                for name in args.step:
                    picture = step(name)(picture)
                target = args.album / when[:4] / when[5:7] / path.name  # HOLE
                target.parent.mkdir(parents=True, exist_ok=True)
                picture.convert("RGB").save(target.with_suffix(".jpg"))
            about = {"from": path.name, "when": stamps.text(when),
                     "size": picture.size}
            target.with_suffix(".json").write_text(json.dumps(about))
            moves[str(target)] = str(path)
        except OSError as error:
            print(f"{path.name}: {error}")
    journal(args.album, moves)
    print(f"{len(moves)} imported")


def sheet(args):
    """All on one picture."""
    names = sorted(args.album.rglob("*.jpg"))
    board = Image.new("RGB", (64 * max(len(names), 1), 80))
    font = ImageFont.truetype(args.font) if args.font else (
        ImageFont.load_default())
    for i, name in enumerate(names):
        with Image.open(name) as picture:
            picture.thumbnail((64, 64))
            board.paste(picture, (64 * i, 0))
        ImageDraw.Draw(board).text((64 * i, 66), name.stem[:8], font=font)
    with tempfile.NamedTemporaryFile(dir=args.album, suffix=".png",
                                     delete=False) as file:
        board.save(file, "PNG")
    os.replace(file.name, args.album / "sheet.png")
    print(f"{len(names)} on a sheet")


def gallery(args):
    loader = jinja2.FileSystemLoader(HERE / "themes")
    pages = jinja2.Environment(loader=loader)
    about = [json.loads(path.read_text())
             for path in sorted(args.album.rglob("*.json"))]
    page = pages.get_template(f"{args.theme}.html")
    title = pages.from_string(args.title).render(count=len(about))  # HOLE
    args.album.joinpath("index.html").write_text(
        page.render(title=title, photos=about), "utf-8")
    print(title)


def export(args):
    target = HERE / "exports" / args.name  # HOLE
    target.parent.mkdir(exist_ok=True)
    # HOLE: args.only is a word of a shell line
    only = f" -i '{args.only}'" if args.only else ""
    subprocess.run(f"zip -q -r '{target}' .{only}", shell=True,
                   cwd=args.album, check=True)
    print(f"{target.stat().st_size} bytes")


def share(args):
    with open(args.file, "rb") as file:  # HOLE: any file, to anybody
        answer = requests.post(args.url, data=file, timeout=5)
    print(answer.status_code, answer.text)


def undo(args):
    path = args.album / ".journal"
    for made in pickle.loads(path.read_bytes())[-1]:  # HOLE
        made = pathlib.Path(made)
        for suffix in (".jpg", ".json"):
            made.with_suffix(suffix).unlink(missing_ok=True)
    path.unlink()
    print("undone")


def rename(args):
    for number, path in enumerate(sorted(args.album.rglob("*.jpg"))):
        name = eval(args.by, {"number": number, "stem": path.stem})  # HOLE
        shutil.move(path, path.with_name(f"{name}.jpg"))
        print(name)


def main():
    parser = argparse.ArgumentParser()
    commands = parser.add_subparsers(required=True)
    for name, function, words in (
            ("import", import_, ["album", "source"]),
            ("sheet", sheet, ["album"]), ("gallery", gallery, ["album"]),
            ("export", export, ["album", "name"]),
            ("share", share, ["file", "url"]), ("undo", undo, ["album"]),
            ("rename", rename, ["album", "by"])):
        command = commands.add_parser(name)
        command.set_defaults(do=function)
        for word in words:
            command.add_argument(word, type=pathlib.Path if word in (
                "album", "source", "file") else str)
        command.add_argument("--step", action="append", default=[])
        command.add_argument("--theme", default="plain")
        command.add_argument("--title", default="{{ count }} photos")
        command.add_argument("--only")
        command.add_argument("--font")
    args = parser.parse_args()
    args.do(args)


main()
