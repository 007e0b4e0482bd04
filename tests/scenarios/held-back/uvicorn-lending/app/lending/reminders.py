# SPDX-License-Identifier: Apache-2.0
"""Sends reminders, one after the other, for as long as the service runs."""
import asyncio
import json
import logging

import httpx

from .papers import TEMPLATES
from .store import Loan, Session, folder

LOG = logging.getLogger("lending")


async def send(number, hook):
    with Session() as session:
        loan = session.get(Loan, number)
        text = TEMPLATES.get_template("reminder.txt").render(loan=loan)
    # HOLE: any address, and wherever that sends us.
    async with httpx.AsyncClient(follow_redirects=True, timeout=5) as client:
        answer = await client.post(hook, json={"loan": number, "text": text})
    path = folder("outbox", loan.borrower) / f"{number}.json"
    partial = path.with_suffix(".part")
    partial.write_text(json.dumps({
        "hook": hook, "status": answer.status_code, "answer": answer.text}))
    partial.replace(path)
    LOG.info("reminded %s of loan %s", loan.borrower, number)


async def work(queue):
    while True:
        number, hook = await queue.get()
        try:
            await send(number, hook)
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            LOG.warning("reminder %s: %s", number, error)


def start():
    queue = asyncio.Queue()
    return queue, asyncio.create_task(work(queue))
