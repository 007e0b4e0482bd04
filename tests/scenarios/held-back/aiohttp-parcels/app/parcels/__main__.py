# SPDX-License-Identifier: Apache-2.0
import argparse
import logging
import os
import sys

from aiohttp import web

from parcels import app

parser = argparse.ArgumentParser()
parser.add_argument("--port", type=int, required=True)
parser.add_argument("--settings", default="settings.json")
options = parser.parse_args()
logging.basicConfig(stream=sys.stderr, level=logging.INFO)
with open("var/run.pid", "w", encoding="utf-8") as file:
    file.write(str(os.getpid()))
web.run_app(app.make(options.settings), host="127.0.0.1", port=options.port)
