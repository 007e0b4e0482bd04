# SPDX-License-Identifier: Apache-2.0
"""A small shop, as small shops are: it works, and five of its lines are holes.

It knows nothing of secmgr. The holes are marked "HOLE"; everything else is
meant to be ordinary. Do not run it anywhere but in the demo.
"""
import base64
import collections
import datetime
import hashlib
import hmac
import json
import os
import pickle
import sqlite3
import subprocess
import tempfile
import urllib.request

from flask import (Flask, abort, jsonify, redirect, render_template, request,
                   send_file, session)

HERE = os.path.dirname(os.path.abspath(__file__))
MEDIA = os.path.join(HERE, "media")
MANUALS = os.path.join(HERE, "manuals")
ORDERS = os.path.join(HERE, "orders")
REPORTS = os.path.join(HERE, "reports")
THUMBS = os.path.join(HERE, "thumbs")
UPLOADS = os.path.join(HERE, "uploads")
DATABASE = os.path.join(HERE, "stock.db")


def load_json(*parts):
    with open(os.path.join(HERE, *parts), encoding="utf-8") as file:
        return json.load(file)


CONFIG = load_json("config.json")
app = Flask(__name__)
app.secret_key = CONFIG["secret_key"]


def save_json(directory, name, value):
    """Written beside its place and renamed, so no reader sees half of it."""
    os.makedirs(directory, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=directory, suffix=".part")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump(value, file)
    os.rename(temporary, os.path.join(directory, name))


def stock(query, *values):
    with sqlite3.connect(DATABASE) as connection:
        return connection.execute(query, values).fetchall()


def product(number):
    rows = stock("SELECT id, name, price, image FROM product WHERE id = ?",
                 number)
    return rows[0] if rows else abort(404)


def user():
    return session.get("user") or abort(401)


@app.get("/")
def catalogue():
    return render_template("catalogue.html", user=session.get("user"),
                           products=stock("SELECT id, name, price, image "
                                          "FROM product ORDER BY id"))


@app.get("/product/<int:number>")
def show_product(number):
    return render_template("product.html", product=product(number))


@app.get("/media/<int:number>/<name>")
def media(number, name):
    return send_file(os.path.join(MEDIA, str(number), name))


@app.post("/login")
def login():
    name = request.form["user"]
    people = load_json("users.json")
    given = hashlib.sha256(request.form["password"].encode()).hexdigest()
    if not hmac.compare_digest(people.get(name, ""), given):
        abort(403)
    session["user"] = name
    return redirect("/")


@app.post("/order")
def order():
    """Takes the cart the browser kept and writes an order."""
    # HOLE: unpickles what the client sends.
    cart = pickle.loads(base64.b64decode(request.form["cart"]))
    lines = [{"product": product(int(number))[1], "count": count}
             for number, count in cart.items()]
    when = datetime.datetime.now()
    number = when.strftime("%Y%m%d%H%M%S%f")
    save_json(os.path.join(ORDERS, user()), number + ".json",
              {"user": user(), "lines": lines, "when": when.isoformat()})
    return jsonify(order=number)


@app.post("/cart")
def cart():
    content = collections.OrderedDict(sorted(request.form.items()))
    return base64.b64encode(pickle.dumps(content))


@app.get("/order/<number>")
def show_order(number):
    if not number.isdigit():
        abort(404)
    return load_json("orders", user(), number + ".json")


@app.get("/orders")
def list_orders():
    return jsonify(sorted(os.listdir(os.path.join(ORDERS, user()))))


@app.post("/upload")
def upload():
    directory = os.path.join(UPLOADS, user())
    os.makedirs(directory, exist_ok=True)
    file = request.files["file"]
    file.save(os.path.join(directory, os.path.basename(file.filename)))
    return "stored"


@app.get("/upload/<name>")
def show_upload(name):
    return send_file(os.path.join(UPLOADS, user(), name))


@app.get("/manual")
def manual():
    # HOLE: the name may lead out of the directory.
    with open(os.path.join(MANUALS, request.args["name"]), "rb") as file:
        return file.read()


@app.get("/thumbnail/<int:number>")
def thumbnail(number):
    source = os.path.join(MEDIA, str(number), product(number)[3])
    size = request.args["size"]
    target = os.path.join(THUMBS, f"{number}.thumb")
    # HOLE: size reaches a shell. (head stands in for an image converter.)
    subprocess.run(f'head -c {size} "{source}" > "{target}"', shell=True,
                   check=True)
    return send_file(target, mimetype="image/jpeg")


@app.get("/discount/<int:number>")
def discount(number):
    # HOLE: the sales team's formulas are Python.
    price = eval(request.args["formula"], {"price": product(number)[2]})
    return jsonify(price=round(price, 2))


@app.get("/prices")
def prices():
    # HOLE: fetches from wherever the client says.
    with urllib.request.urlopen(request.args["feed"], timeout=5) as answer:
        return answer.read()


@app.post("/report/<day>")
def report(day):
    datetime.date.fromisoformat(day)
    os.makedirs(REPORTS, exist_ok=True)
    rough = os.path.join(REPORTS, day + ".rough")
    with open(rough, "w", encoding="utf-8") as file:
        for name in os.listdir(ORDERS):
            count = len(os.listdir(os.path.join(ORDERS, name)))
            file.write(f"{name},{count}\n")
    final = os.path.join(REPORTS, day + ".csv")
    subprocess.run(["sort", "-o", final, rough], check=True)
    os.remove(rough)
    return send_file(final)
