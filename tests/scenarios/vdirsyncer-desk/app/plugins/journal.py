"""Keeps a journal of what came."""
import pathlib
import time

LOG = pathlib.Path(__file__).resolve().parents[1] / "log"


def notice(path):
    with open(LOG / time.strftime("%Y-%m.log"), "a", encoding="utf-8") as log:
        log.write(f"{time.time():.0f} {path.name} {path.stat().st_size}\n")
