"""Partners who want to know, and the weather station."""
import hashlib
import hmac
import json
import os
import tempfile

import httpx
import sqlalchemy as sa

from .settings import settings
from .store import engine, hooks


async def deliver(url, what):
    body = json.dumps(what).encode()
    sign = hmac.new(settings().hook_key.encode(), body,
                    hashlib.sha256).hexdigest()
    async with httpx.AsyncClient(timeout=8, follow_redirects=True) as client:
        return await client.post(url, content=body, headers={
            "Content-Type": "application/json", "X-Signature": sign})


async def tell_all(tenant, what):
    """In the background."""
    with engine(tenant).connect() as database:
        urls = database.scalars(sa.select(hooks.c.url)).all()
    for url in urls:
        try:
            await deliver(url, what)
        except httpx.HTTPError as error:
            print(f"{url}: {error}", flush=True)


async def forecast(region):
    """Asked once, then from the cache."""
    folder = settings().data / "cache"
    folder.mkdir(exist_ok=True)
    kept = folder / (hashlib.sha256(region.encode()).hexdigest() + ".json")
    if kept.exists():
        return json.loads(kept.read_text())
    async with httpx.AsyncClient(timeout=8) as client:
        answer = await client.get(f"{settings().station}/v1/{region}")
    answer.raise_for_status()
    number, name = tempfile.mkstemp(dir=folder, prefix="new-")
    with os.fdopen(number, "w") as new:
        new.write(answer.text)
    os.replace(name, kept)
    return answer.json()
