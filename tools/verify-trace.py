#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""usage: verify-trace.py TRACE [PUBLIC-KEY.pem]

Checks every row of a trace against its checkpoints, without secmgr: written
from schema/event.cddl ("chain") for who trusts neither the recorder nor its
tools. Needs SQLite, SHA-256 and, for signatures, the program openssl.
Status 0: as written (and signed by the key); 1: not.
"""
import base64
import hashlib
import re
import sqlite3
import struct
import subprocess
import sys
import tempfile

TABLES = {"meta": "key", "process": "number", "policy": "number",
          "adoption": "id", "name": "id", "site_row": "id", "resource": "id",
          "denial": "id", "loss": "id", "chunk": "id", "block": "id"}
COUNTS = {"chunk": "count", "block": "events"}
PARTS = ["chunk", "block", "full-chunk", "full-block", "meta", "process",
         "policy", "adoption", "name", "site_row", "resource", "denial", "loss"]
NUMBER, HASH = "(0|[1-9][0-9]*)", "([0-9a-f]{64})"
CHECKPOINT = re.compile(
    f"secmgr checkpoint 1\ntrace [0-9a-f]{{32}}\nnumber {NUMBER}\n"
    f"previous {HASH}\ntime {NUMBER}\n" +
    "".join(f"{part} {NUMBER} {HASH}\n" for part in PARTS) +
    f"(?:key {HASH}\n)?")
ED25519 = bytes.fromhex("302a300506032b6570032100")  # before a key: RFC 8410
# What schema/trace.sql defines, and the numbers of its format.
DEFINED = "28aa75368f3bd3a9549f9371971c882f39339cf1696bc171c0d36ff9093da271"


def row_hash(before, row, types):
    done = hashlib.sha256(before)
    for value, kind in zip(row, types):
        data = value or b""
        if kind in (b"integer", b"real"):
            data = struct.pack("<q" if kind == b"integer" else "<d", value)
        done.update(kind[:1] + struct.pack("<Q", len(data)) + data)
    return done.digest()


def definitions(db):
    done = hashlib.sha256()
    for sql in ("PRAGMA application_id", "PRAGMA user_version",
                "SELECT type,name,tbl_name,sql,typeof(sql) FROM sqlite_master "
                "ORDER BY type,name"):
        for row in db.execute(sql):
            done.update(repr(row).encode())
    return done.hexdigest()


def states(db, table):
    """{count: hash} as the table grew, and its last count."""
    names = [row[1].decode() for row in db.execute(
        f"PRAGMA table_info({table})") if row[1] != b"hash"]
    extra = (",typeof(hash),hash," + COUNTS[table] if table in COUNTS else "")
    count, last = int(table in COUNTS), bytes(32)
    seen, groups = {count: last}, {}
    for row in db.execute(f"SELECT {','.join(names)},"
                          f"{','.join(f'typeof({n})' for n in names)}{extra} "
                          f"FROM {table} ORDER BY {TABLES[table]}"):
        n, key = len(names), row[0]
        if table in ("process", "denial"):
            last = groups.get((key - 1) // 256, bytes(32))
        last = row_hash(last, row[:n], row[n:2 * n])
        if extra and (key, b"blob", last) != (count, *row[-3:-1]):
            raise ValueError(f"{table} {key} was changed, or follows a gap")
        count += row[-1] if extra else 1
        if table in ("process", "denial"):
            groups[(key - 1) // 256] = last
        else:
            seen[count] = last
    if groups:
        seen = {count: hashlib.sha256(b"".join(groups.values())).digest()}
    return seen, count


def is_signed(text, signature, key):
    """Whether it is an Ed25519 signature of text by key, 32 bytes."""
    with tempfile.TemporaryDirectory() as place:
        for name, data in (("text", text), ("signature", signature),
                           ("key", ED25519 + key)):
            with open(f"{place}/{name}", "wb") as file:
                file.write(data)
        return subprocess.run(
            ["openssl", "pkeyutl", "-verify", "-pubin", "-keyform", "DER",
             "-inkey", "key", "-rawin", "-in", "text", "-sigfile",
             "signature"], cwd=place, stdout=subprocess.DEVNULL,
            check=False).returncode == 0


def read_key(path):
    with open(path, encoding="ascii") as pem:
        return base64.b64decode("".join(pem.read().splitlines()[1:-1]))[-32:]


def verify(path, wanted=None):
    db = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    db.text_factory = bytes
    db.execute("BEGIN")
    if definitions(db) != DEFINED:
        raise ValueError("its tables are not those of a trace of this format")
    found = {table: states(db, table) for table in TABLES}
    before = db.execute("SELECT value FROM meta WHERE key='follows'").fetchone()
    before = before[0].decode() if before else bytes(32).hex()
    last, = db.execute("SELECT max(id) FROM checkpoint").fetchone()
    for number, text, signature, *kinds in db.execute(
            "SELECT id,text,signature,typeof(text),typeof(signature) "
            "FROM checkpoint ORDER BY id"):
        read = CHECKPOINT.fullmatch(text.decode())
        if not read or read.group(1, 2) != (str(number), before):
            raise ValueError(f"checkpoint {number} is not the next one")
        *marks, key = read.groups()[3:]
        if kinds != [b"text", b"blob"] or not (
                key or signature == hashlib.sha256(text).digest()):
            raise ValueError(f"checkpoint {number} was changed")
        key = bytes.fromhex(key) if key else None
        # Without a key to hold them to, those before are the last one's.
        if key and (wanted not in (None, key) or (wanted or number == last)
                    and not is_signed(text, signature, key)):
            raise ValueError(f"checkpoint {number} is not signed by the key")
        said = {part: (int(marks[2 * i]), bytes.fromhex(marks[2 * i + 1]))
                for i, part in enumerate(PARTS)}
        for part, (count, hash_) in said.items():
            table = part.replace("full-", "")
            if part in ("chunk", "block", "meta", "resource", "process",
                        "denial"):
                continue  # these may change: only the last one counts
            if found[table][0].get(count) != hash_:
                raise ValueError(f"checkpoint {number}: {table} was changed")
        before = hashlib.sha256(text + signature).hexdigest()
    for table, (seen, count) in found.items():
        if said[table] != (count, seen[count]):
            raise ValueError(f"{table} is not what the last checkpoint says")
    if wanted and not key:
        raise ValueError("the last checkpoint is not signed")
    return f"{found['block'][1] - 1} events, all as written"


if __name__ == "__main__":
    try:
        print(verify(sys.argv[1], *map(read_key, sys.argv[2:3])))
    except (ValueError, KeyError, TypeError, NameError, AttributeError,
            ArithmeticError, OSError, sqlite3.Error, struct.error) as error:
        sys.exit(f"{sys.argv[1]}: {error or type(error).__name__}")
