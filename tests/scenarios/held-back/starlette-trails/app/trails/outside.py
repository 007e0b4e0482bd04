"""Other programs and other hosts."""
import asyncio
import logging
import pathlib
import shlex
import sys
import tempfile

import httpx

REPORTS = pathlib.Path("var/reports")


async def run(*words):
    child = await asyncio.create_subprocess_exec(
        *words, stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT)
    output, _ = await child.communicate()
    return child.returncode, output.decode("utf-8", "replace")


async def yearbook(season, kind, region):
    """A report by a program of its own, which needs much memory."""
    path = REPORTS / season / f"yearbook.{kind}"
    path.parent.mkdir(parents=True, exist_ok=True)
    words = [sys.executable, "tools/yearbook.py", "--season", season,
             "--out", str(path)]
    if region:
        words += ["--region", region]
    status, output = await run(*words)
    if status:
        raise ValueError(output)
    return path


async def pack(directory, names):
    """An archive of some photos, in a temporary directory."""
    place = pathlib.Path(tempfile.mkdtemp(prefix="pack-"))
    status, output = await run(  # HOLE: names may be options
        "tar", "-czf", str(place / "photos.tgz"), "-C", str(directory), *names)
    if status:
        raise ValueError(output)
    return place / "photos.tgz"


async def squeeze(track):
    """A track, compressed beside itself."""
    line = f'gzip -9 -c "{track}" > {shlex.quote(str(track) + ".gz")}'
    child = await asyncio.create_subprocess_shell(line)  # HOLE: quotes
    await child.wait()


async def look_up(url):
    async with httpx.AsyncClient(follow_redirects=True) as client:
        answer = await client.get(url, timeout=10)  # HOLE: any host
    return answer.text


async def tell(url, card):
    try:
        async with httpx.AsyncClient() as client:
            await client.post(url, json=card, timeout=10)
    except httpx.HTTPError as error:
        logging.getLogger("trails").warning("hook %s: %s", url, error)
