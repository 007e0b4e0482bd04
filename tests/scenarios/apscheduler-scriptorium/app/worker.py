# SPDX-License-Identifier: Apache-2.0
"""Takes jobs from the scriptorium's queue and does them, until SIGTERM."""
import json
import logging
import signal
import sys

from apscheduler.events import (EVENT_JOB_ERROR, EVENT_JOB_EXECUTED,
                                EVENT_JOB_MISSED)
from apscheduler.executors.pool import (ProcessPoolExecutor,
                                        ThreadPoolExecutor)
from apscheduler.jobstores.memory import MemoryJobStore
from apscheduler.jobstores.sqlalchemy import SQLAlchemyJobStore
from apscheduler.schedulers.blocking import BlockingScheduler

from scriptorium import desks, settings, store
from scriptorium.tasks import archives, documents, net, office, post, tools

log = logging.getLogger("scriptorium")
POLL = "poll"


def poll():
    """Whatever else runs wakes the scheduler, which then reads the queue."""


def note(event):
    """Keeps what has become of a job where the front end looks for it."""
    if event.job_id == POLL:
        return
    if event.code == EVENT_JOB_EXECUTED:
        state, value = "done", json.dumps(event.retval)
    elif event.code == EVENT_JOB_MISSED:
        state, value = "missed", "null"
    else:
        state, value = "failed", json.dumps(
            f"{type(event.exception).__name__}: {event.exception}")
    with store.Session.begin() as session:
        session.add(store.Outcome(job=event.job_id, state=state, value=value))
    log.info("%s %s", event.job_id, state)


def make_scheduler():
    scheduler = BlockingScheduler(
        jobstores={
            # HOLE: whoever writes into the queue may send pickles.
            "default": SQLAlchemyJobStore(engine=store.engine),
            "memory": MemoryJobStore()},
        executors={
            "default": ThreadPoolExecutor(settings.get("worker", "threads")),
            "heavy": ProcessPoolExecutor(
                settings.get("worker", "processes"))},
        job_defaults={"coalesce": True, "misfire_grace_time": 60},
        timezone="UTC")
    scheduler.add_listener(
        note, EVENT_JOB_EXECUTED | EVENT_JOB_ERROR | EVENT_JOB_MISSED)
    scheduler.add_job(poll, "interval", id=POLL, jobstore="memory",
                      seconds=settings.get("worker", "poll_seconds"))
    return scheduler


def main():
    logging.basicConfig(level=logging.INFO, stream=sys.stderr,
                        format="%(asctime)s %(name)s %(message)s")
    logging.getLogger("apscheduler").setLevel(logging.WARNING)
    logging.getLogger("apscheduler.executors").setLevel(logging.CRITICAL)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    desks.prepare()
    store.prepare()
    scheduler = make_scheduler()
    offered = [name for module in (archives, documents, net, office, post,
                                   tools) for name in module.OFFERED]
    log.info("offers %s", ", ".join(sorted(offered)))
    log.info("exports %s", ", ".join(sorted(documents.exporters())))
    try:
        log.info("ready")
        scheduler.start()
    except (KeyboardInterrupt, SystemExit):
        scheduler.shutdown(wait=False)
        log.info("ended")


if __name__ == "__main__":
    main()
