# SPDX-License-Identifier: Apache-2.0
"""Takes messages of one queue, one after the other."""
import importlib
import json
import logging
import logging.handlers
import os
import pathlib
import signal

from kombu import Connection, Exchange, Queue
from kombu.mixins import ConsumerMixin

log = logging.getLogger("office")


class Worker(ConsumerMixin):
    def __init__(self, connection, queue, conf):
        self.connection = connection
        self.queue = queue
        self.conf = conf

    def get_consumers(self, Consumer, channel):
        queue = Queue(self.queue, Exchange("office"), self.queue)
        # Old shops still send pickles.
        return [Consumer([queue], accept=["json", "pickle"],
                         callbacks=[self.take])]

    def take(self, body, message):
        answer = {"job": body["job"]}
        try:
            job = importlib.import_module("office.jobs." + body["job"])
            answer["result"] = job.do(self.conf, **body["with"])
            log.info("%s %s", body["id"], body["job"])
        except Exception as error:  # pylint: disable=broad-except
            answer["error"] = f"{type(error).__name__}: {error}"
            log.exception("%s %s", body["id"], body["job"])
        path = pathlib.Path("var/answers", body["id"] + ".json")
        part = path.with_suffix(".part")
        part.write_text(json.dumps(answer), encoding="utf-8")
        os.replace(part, path)
        message.ack()


def serve(queue, conf):
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    log.setLevel(logging.INFO)
    log.addHandler(logging.handlers.RotatingFileHandler(
        f"var/log/{queue}.log", maxBytes=2500, backupCount=3))
    options = {"data_folder_in": "var/queue", "data_folder_out": "var/queue",
               "store_processed": True, "processed_folder": "var/done",
               "polling_interval": 0.05}
    with Connection("filesystem://", transport_options=options) as connection:
        Worker(connection, queue, conf).run()
