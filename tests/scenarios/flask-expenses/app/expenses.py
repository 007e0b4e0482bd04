# SPDX-License-Identifier: Apache-2.0
"""Claims of expenses. Lines marked HOLE are holes."""
import base64
import csv
import datetime
import importlib
import io
import json
import logging.handlers
import os
import pathlib
import pickle
import secrets
import sqlite3
import subprocess
import tempfile
import urllib.request

import coins
from flask import (Flask, abort, g, redirect, render_template,
                   render_template_string, request, send_file, session)
from reportlab.lib.pagesizes import A4
from reportlab.pdfgen import canvas

HERE = pathlib.Path(__file__).resolve().parent
VAR = HERE / "var"

app = Flask(__name__)
app.config.from_file("instance/config.json", load=json.load)
handler = logging.handlers.RotatingFileHandler(
    VAR / "log/expenses.log", maxBytes=4000, backupCount=3)
app.logger.addHandler(handler)
app.logger.setLevel("INFO")


def database():
    if "db" not in g:
        g.db = sqlite3.connect(VAR / "expenses.db")
        g.db.row_factory = sqlite3.Row
    return g.db


@app.teardown_appcontext
def close(_):
    if "db" in g:
        g.pop("db").close()


def user():
    if "user" not in session:
        abort(403)
    return session["user"]


def folder(kind):
    place = VAR / kind / user()
    place.mkdir(parents=True, exist_ok=True)
    return place


@app.route("/")
def home():
    return render_template("home.html", user=session.get("user"))


@app.route("/login", methods=["POST"])
def login():
    name = request.form["user"]
    row = database().execute("SELECT password FROM people WHERE name = ?",
                             (name,)).fetchone()
    if not row or row["password"] != request.form["password"]:
        app.logger.warning("login of %s failed", name)
        abort(403)
    session["user"] = name
    app.logger.info("%s came", name)
    return redirect("/claims")


@app.route("/claims", methods=["GET", "POST"])
def claims():
    if request.method == "POST":
        with database() as db:
            db.execute(
                "INSERT INTO claims (owner, day, what, cents) VALUES "
                "(?, ?, ?, ?)",
                (user(), request.form["day"], request.form["what"],
                 coins.cents(request.form["amount"])))
    rows = database().execute(
        "SELECT * FROM claims WHERE owner = ? ORDER BY day", (user(),))
    return render_template("claims.html", rows=rows.fetchall())


@app.route("/receipts/<int:claim>", methods=["POST"])
def receive(claim):
    sent = request.files["file"]
    # HOLE: the browser chooses the name.
    path = os.path.join(folder("receipts"), str(claim), sent.filename)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    sent.save(path)
    kind = subprocess.run(["file", "--brief", "--mime-type", path],
                          stdout=subprocess.PIPE, check=True, text=True)
    return {"kept": sent.filename, "kind": kind.stdout.strip()}


@app.route("/receipts/<int:claim>")
def receipt(claim):
    # HOLE: the name may lead anywhere.
    return send_file(os.path.join(folder("receipts"), str(claim),
                                  request.args["name"]))


@app.route("/bundle/<int:claim>")
def bundle(claim):
    names = " ".join(request.args.getlist("name"))
    target = folder("bundles") / f"{claim}-{datetime.date.today()}.tar.gz"
    # HOLE: names are put into a line of the shell.
    done = subprocess.run(
        f"cd '{folder('receipts') / str(claim)}' && tar czf '{target}' "
        f"{names}", shell=True, check=False, stderr=subprocess.PIPE)
    if done.returncode:
        return done.stderr, 400
    return send_file(target)


@app.route("/report/<int:year>/<int:month>.<kind>")
def report(year, month, kind):
    rows = database().execute(
        "SELECT day, what, cents FROM claims WHERE owner = ? AND day LIKE ?",
        (user(), f"{year}-{month:02}-%")).fetchall()
    place = folder("reports") / str(year)
    place.mkdir(exist_ok=True)
    path = place / f"{user()} {year}-{month:02}.{kind}"
    with tempfile.NamedTemporaryFile("wb", dir=place, delete=False) as file:
        if kind == "csv":
            text = io.StringIO()
            csv.writer(text).writerows([("day", "what", "cents"),
                                        *map(tuple, rows)])
            file.write(text.getvalue().encode())
        elif kind == "pdf":
            page = canvas.Canvas(file, pagesize=A4)
            page.setFont(request.args.get("font", "Helvetica"), 11)
            for line, row in enumerate(rows):
                page.drawString(70, 780 - 16 * line, " ".join(
                    map(str, tuple(row))))
            page.showPage()
            page.save()
        else:
            abort(404)
    os.replace(file.name, path)
    return send_file(path)


@app.route("/letter", methods=["POST"])
def letter():
    # HOLE: the visitor's text is a template.
    return render_template_string(request.form["text"], user=user())


@app.route("/rate")
def rate():
    # HOLE: any address.
    with urllib.request.urlopen(request.args["source"], timeout=5) as answer:
        return answer.read()


@app.route("/drafts", methods=["GET", "POST"])
def drafts():
    if request.method == "POST":
        # HOLE: a pickle from outside.
        draft = pickle.loads(base64.b64decode(request.form["draft"]))
        key = secrets.token_urlsafe(12)
        with open(folder("drafts") / f"{key}.pickle", "wb") as file:
            pickle.dump(draft, file)
        return {"key": key}
    with open(folder("drafts") / f"{request.args['key']}.pickle",
              "rb") as file:
        return {"draft": str(pickle.load(file))}


@app.route("/check/<rule>")
def check(rule):
    # HOLE: any module there is.
    return importlib.import_module(f"rules.{rule}").check(
        int(request.args["cents"]))


@app.route("/convert")
def convert():
    # HOLE: an amount is an expression.
    return str(eval(request.args["amount"]))
