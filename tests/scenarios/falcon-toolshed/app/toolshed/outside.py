"""Other people's servers."""
import logging

import httpx

LOG = logging.getLogger("toolshed.outside")


async def tell(url, what):
    """The owner's hook. Returns how it went."""
    try:
        async with httpx.AsyncClient(timeout=5, trust_env=False) as client:
            answer = await client.post(url, json=what)
        return f"{answer.status_code}"
    except httpx.HTTPError as error:
        LOG.warning("%s: %s", url, error)
        return type(error).__name__


async def fetch(url):
    # HOLE: any server may be named, and it may send on to another
    async with httpx.AsyncClient(timeout=5, trust_env=False,
                                 follow_redirects=True) as client:
        answer = await client.get(url)
        answer.raise_for_status()
        return answer.text
