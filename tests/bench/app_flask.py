# SPDX-License-Identifier: Apache-2.0
"""Requests to a Flask view that opens files; CPU microseconds a request.

usage: app_flask.py REQUESTS OPENS
"""
import sys
import time

import flask

app = flask.Flask(__name__)
requests, opens = int(sys.argv[1]), int(sys.argv[2])


@app.get("/<name>")
def view(name):
    size = 0
    for _ in range(opens):
        with open("/etc/hostname", "rb") as file:
            size += len(file.read())
    return {"name": name, "size": size}


client = app.test_client()
for number in range(100):
    client.get(f"/warm-{number}")
start = time.process_time()
for number in range(requests):
    client.get(f"/page-{number}")
print((time.process_time() - start) / requests * 1e6)
