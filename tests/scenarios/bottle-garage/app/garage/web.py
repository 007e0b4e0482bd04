# SPDX-License-Identifier: Apache-2.0
"""What customers and the office see. Lines marked HOLE are holes."""
import datetime
import importlib
import os
import pathlib
import subprocess

import bottle
import jinja2
import plates
import requests
import yaml
from PIL import Image

from garage import HERE, VAR, keep_log, papers, post, sessions, settings
from garage.models import Order, User, database

log = keep_log("web")
application = bottle.Bottle()
pages = jinja2.Environment(loader=jinja2.FileSystemLoader(
    HERE / "templates"), autoescape=True)
pages.filters["money"] = lambda cents: f"{cents / 100:.2f} EUR"


def page(name, **values):
    return pages.get_template(name + ".html").render(
        firm=settings["garage"]["name"], **values)


@application.hook("before_request")
def connect():
    database.connect(reuse_if_open=True)


@application.hook("after_request")
def disconnect():
    if not database.is_closed():
        database.close()


def session():
    return sessions.read(bottle.request.get_cookie("sid") or "nobody")


def user():
    name = session().get("user")
    if not name:
        raise bottle.HTTPError(403, "Log in first.")
    return User.get(User.name == name)


def order_of(number):
    found = Order.get_or_none(Order.id == number, Order.owner == user())
    return found or bottle.abort(404, "no such order")


def photos_of(order):
    folder = VAR / "photos" / user().name / str(order)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@application.get("/")
def home():
    return page("home", user=session().get("user"))


@application.get("/static/<name:path>")
def static(name):
    return bottle.static_file(name, root=str(HERE / "static"))


@application.post("/login")
def login():
    form = bottle.request.forms
    found = User.get_or_none(User.name == form.getunicode("user"))
    if not found or not found.is_password(form.getunicode("password")):
        log.warning("wrong password of %s", form.getunicode("user"))
        bottle.abort(403, "wrong")
    bottle.response.set_cookie("sid", sessions.new({
        "user": found.name, "since": datetime.datetime.now()}), path="/")
    log.info("%s logged in", found.name)
    return page("home", user=found.name)


@application.get("/logout")
def logout():
    sessions.drop(bottle.request.get_cookie("sid"))
    return page("home", user=None)


@application.get("/orders")
def orders():
    return page("orders", orders=list(user().orders.order_by(Order.id)))


@application.post("/orders")
def order():
    form = bottle.request.forms
    made = Order.create(
        owner=user(), plate=plates.tidy(form.getunicode("plate")),
        what=form.getunicode("what"),
        # HOLE: hours and rate are an expression.
        cents=int(eval(form.getunicode("amount")) * 100),
        day=datetime.date.fromisoformat(form.get("day")))
    log.info("order %d of %s", made.id, made.owner.name)
    return {"order": made.id, "plate": made.plate}


@application.post("/orders/<number:int>/photos")
def photo(number):
    sent = bottle.request.files.file
    # HOLE: raw_filename is what the browser says.
    path = os.path.join(photos_of(number), sent.raw_filename)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    sent.save(path, overwrite=True)
    # HOLE: the name gets into a line of the shell.
    kind = subprocess.run(f'file --brief --mime-type "{path}"', shell=True,
                          stdout=subprocess.PIPE, check=False, text=True)
    if kind.stdout.startswith("image/"):
        with Image.open(path) as picture:
            picture.thumbnail((64, 64))
            picture.convert("RGB").save(
                pathlib.Path(path).with_suffix(".thumb.jpg"))
    return {"kept": sent.raw_filename, "kind": kind.stdout.strip()}


@application.get("/orders/<number:int>/photos/<name:path>")
def photo_again(number, name):
    # HOLE: the name may lead anywhere.
    with open(os.path.join(photos_of(number), bottle.request.query.name
                           or name), "rb") as file:
        bottle.response.content_type = "application/octet-stream"
        return file.read()


@application.get("/orders/<number:int>/photos.zip")
def pack(number):
    folder = photos_of(number)
    target = VAR / "tmp" / f"{user().name}-{number}.zip"
    target.unlink(missing_ok=True)
    # HOLE: a name may be an option.
    done = subprocess.run(
        ["zip", "-q", "-j", target, *bottle.request.query.getall("name")],
        cwd=folder, check=False, capture_output=True, text=True)
    if done.returncode:
        bottle.abort(400, done.stdout + done.stderr)
    bottle.response.content_type = "application/zip"
    return target.read_bytes()


@application.get("/orders/<number:int>/invoice.pdf")
def invoice(number):
    found = order_of(number)
    path = papers.invoice(found, sorted(
        photos_of(number).glob("*.thumb.jpg")))
    bottle.response.content_type = "application/pdf"
    return path.read_bytes()


@application.post("/orders/<number:int>/invoice")
def mail_invoice(number):
    found = order_of(number)
    path = papers.invoice(found, [])
    # HOLE: what the customer wants said is a template.
    words = jinja2.Environment().from_string(
        bottle.request.forms.getunicode("words") or "Your invoice.").render(
            order=found)
    post.send(found.owner.mail, f"Invoice {number}", words, [path])
    return {"sent": found.owner.mail, "words": words}


@application.get("/labels/<kind>/<number:int>")
def label(kind, number):
    # HOLE: any module there is.
    module = importlib.import_module(f"garage.labels.{kind}")
    bottle.response.content_type = "text/plain"
    return module.label(order_of(number))


@application.get("/parts")
def parts():
    user()
    # HOLE: any address.
    answer = requests.get(bottle.request.query.source, timeout=5)
    answer.raise_for_status()
    return {"part": answer.text}


@application.post("/prices")
def prices():
    # HOLE: a list of prices may name any function.
    lists = yaml.load(bottle.request.files.file.file, yaml.UnsafeLoader)
    with open(VAR / "prices" / f"{user().name}.yaml", "w",
              encoding="utf-8") as file:
        yaml.safe_dump(lists, file)
    return {"lines": len(lists)}


@application.get("/month/<month>.<kind>")
def month(month, kind):
    start = datetime.date.fromisoformat(month + "-01")
    rows = user().orders.where(Order.day.between(
        start, start + datetime.timedelta(31))).order_by(Order.day)
    write = {"csv": papers.month_csv, "xlsx": papers.month_xlsx}.get(kind)
    if not write:
        bottle.abort(404, "no such kind")
    folder = VAR / "months" / user().name
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{month}.{kind}"
    write(rows, path)
    return bottle.static_file(path.name, root=str(folder), download=path.name)
