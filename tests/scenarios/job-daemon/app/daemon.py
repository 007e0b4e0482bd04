# SPDX-License-Identifier: Apache-2.0
"""Runs jobs by the clock, and when somebody asks for one."""
import concurrent.futures
import http.server
import importlib
import json
import logging
import logging.handlers
import pathlib
import sys
import time

import yaml
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler

HERE = pathlib.Path(__file__).parent
with open(HERE / "etc/jobs.yaml", encoding="utf-8") as file:
    SETTINGS = yaml.safe_load(file)  # HOLE: a view of settings shows them
log = logging.getLogger("jobs")
results = {}


def run(name, options):
    """HOLE: any module below jobs/, and whatever options it takes."""
    started = time.time()
    module = importlib.import_module("jobs." + name)
    done = module.run(HERE / "var", SETTINGS, **options)
    log.info("%s took %.2f s", name, time.time() - started)
    with open(HERE / "var/state/last.json", "w", encoding="utf-8") as state:
        json.dump({"job": name, "at": started}, state)
    return done


class Control(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        answer = concurrent.futures.Future()

        def job():
            try:
                answer.set_result(run(body["job"], body.get("options", {})))
            except Exception as error:  # told to who asked
                log.exception("%s failed", body["job"])
                answer.set_exception(error)

        self.server.scheduler.add_job(job)
        try:
            self.tell(200, answer.result(20))
        except Exception as error:
            self.tell(500, f"{type(error).__name__}: {error}")

    def do_GET(self):
        if self.path == "/health":
            return self.tell(200, "fine")
        self.tell(404, "no such page")

    def tell(self, status, what):
        body = json.dumps(what, default=str).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *words):
        log.debug("%s", words)


def main(port):
    handler = logging.handlers.RotatingFileHandler(
        HERE / "var/log/jobs.log", maxBytes=4000, backupCount=3)
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    scheduler = BackgroundScheduler(
        executors={"default": ThreadPoolExecutor(3)})
    scheduler.start()
    for name, seconds in SETTINGS["every"].items():
        scheduler.add_job(run, "interval", [name, {}], seconds=seconds)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Control)
    server.scheduler = scheduler
    server.serve_forever()


main(int(sys.argv[1]))
