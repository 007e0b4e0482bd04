# SPDX-License-Identifier: Apache-2.0
"""Tables as branches send them."""
import hashlib
import logging
import os

import pandas as pd

from figures import CACHE, DATA

log = logging.getLogger("figures.sources")
KNOWN = {"day", "goods", "count", "price"}
READERS = {".csv": lambda path: pd.read_csv(
    path, sep="[;,\t]", engine="python"),
           ".xlsx": pd.read_excel, ".json": pd.read_json,
           ".pkl": pd.read_pickle}


def read(name):
    # HOLE: the name may lead anywhere, or be an address or a pickle.
    path = os.path.join(DATA, name) if "://" not in name else name
    kind = os.path.splitext(path)[1].lower()
    frame = READERS.get(kind, READERS[".csv"])(path)
    log.info("%s: %d rows", name, len(frame))
    return frame.rename(columns=lambda column: column.strip().lower()
                        if column.strip().lower() in KNOWN else column)


def read_cached(name):
    """Large tables are parsed once."""
    path = DATA / name
    stamp = f"{name} {path.stat().st_mtime_ns}"
    key = hashlib.sha1(stamp.encode()).hexdigest()
    kept = CACHE / "tables" / key[:2] / f"{key}.pkl"
    if kept.exists():
        log.info("%s from the cache", name)
        return pd.read_pickle(kept)
    frame = read(name)
    kept.parent.mkdir(parents=True, exist_ok=True)
    frame.to_pickle(kept)
    return frame
