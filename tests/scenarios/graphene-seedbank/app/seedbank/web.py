# SPDX-License-Identifier: Apache-2.0
"""The service: gunicorn seedbank.web:app."""
import json
import logging.handlers
import os

from flask import Flask, jsonify, request, send_file

from seedbank import HOME, VAR, models
from seedbank.schema import put_files, schema

app = Flask(__name__, static_folder=None)
handler = logging.handlers.RotatingFileHandler(
    VAR / "log/seedbank.log", maxBytes=1200, backupCount=4)
app.logger.addHandler(handler)
app.logger.setLevel("INFO")


@app.teardown_appcontext
def close(_):
    models.Session.remove()


def gardener():
    token = request.headers.get("Authorization", "").removeprefix("Bearer ")
    person = token and models.Session.query(models.Gardener).filter_by(
        token=token).first()
    return person.name if person else None


@app.get("/")
def explorer():
    return send_file(HOME / "pages/explorer.html")


@app.get("/healthz")
def healthz():
    return "fine"


@app.post("/graphql")
def graphql():
    if request.mimetype == "multipart/form-data":
        asked = put_files(json.loads(request.form["operations"]),
                          request.form["map"], request.files)
    else:
        asked = request.get_json()
    result = schema.execute(
        asked["query"], variables=asked.get("variables"),
        operation_name=asked.get("operationName"),
        context={"gardener": gardener(), "log": app.logger})
    for error in result.errors or ():
        app.logger.warning("%s", error)
    return jsonify(result.to_dict()), 200 if result.data else 400


@app.get("/files")
def files():
    if not gardener():
        return "who are you?", 401
    # HOLE: the path may lead anywhere.
    path = os.path.join(VAR, request.args["path"])
    if not os.path.isfile(path):
        return "no such file", 404
    return send_file(path)
