# SPDX-License-Identifier: Apache-2.0
"""Settings, which are read again when their file has changed."""
import asyncio
import logging
import os
import pathlib
import tempfile

import yaml

HERE = pathlib.Path(__file__).resolve().parents[1]
VAR = HERE / "var"
FILE = HERE / "conf/settings.yaml"
KEY = HERE / "conf/webhook.key"
WATCH_SECONDS = 0.4

log = logging.getLogger("granary")
current = {}
changed = 0


def load():
    global changed
    changed = FILE.stat().st_mtime_ns
    with open(FILE, encoding="utf-8") as file:
        current.update(yaml.safe_load(file))
    current["key"] = KEY.read_bytes().strip()


def save(text):
    # HOLE: a document that may name any function.
    found = yaml.load(text, Loader=yaml.UnsafeLoader)
    if not isinstance(found, dict):
        raise ValueError("settings are a mapping")
    handle, name = tempfile.mkstemp(".yaml", dir=FILE.parent)
    with open(handle, "w", encoding="utf-8") as file:
        yaml.safe_dump({**{k: v for k, v in current.items() if k != "key"},
                        **found}, file)
    os.replace(name, FILE)


async def watch():
    """Each worker sees what another has saved."""
    while True:
        await asyncio.sleep(WATCH_SECONDS)
        if FILE.stat().st_mtime_ns != changed:
            load()
            log.info("settings are read again")
