# SPDX-License-Identifier: Apache-2.0
"""Buyers are told what was delivered."""
import hashlib
import hmac
import json
import logging

import httpx

from granary import settings, store

log = logging.getLogger("granary")


def client():
    # HOLE: follows to wherever a buyer's server sends.
    return httpx.AsyncClient(timeout=settings.current["hook_timeout"],
                             trust_env=False, follow_redirects=True)


async def tell(delivery):
    """To all buyers of a grain."""
    found = await store.database.fetch_all(store.buyers.select().where(
        store.buyers.c.grain == delivery["grain"]))
    body = json.dumps(delivery).encode()
    mark = hmac.new(settings.current["key"], body, hashlib.sha256)
    async with client() as session:
        for buyer in found:
            try:
                answer = await session.post(buyer.url, content=body, headers={
                    "Content-Type": "application/json",
                    "X-Granary-Signature": mark.hexdigest()})
                log.info("%s was told: %s", buyer.name, answer.status_code)
            except httpx.HTTPError as error:
                log.warning("%s was not told: %s", buyer.name, error)


async def ping(buyer):
    """What a buyer's server says."""
    async with client() as session:
        # HOLE: any address.
        answer = await session.get(buyer.url)
    return answer.text
