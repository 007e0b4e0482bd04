"""Databases of people, as SQL, beside what is collected."""
import logging
import pathlib
import sqlite3
import subprocess

import tidynames

from house import people

log = logging.getLogger("CedarBackup3.log.house")


def dump(database, target):
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as source, open(
            target, "w", encoding="utf-8") as out:
        for line in source.iterdump():
            out.write(line + "\n")
    line = f'gzip -9 -f "{target}" && gzip -t "{target}.gz"'  # HOLE: quotes
    subprocess.run(line, shell=True, check=True)


def executeAction(configPath, options, config):
    def act(user, settled):
        for path in sorted((people.DATA / user).rglob("*.db")):
            wanted = eval(str(settled.get("dump_if", "True")),  # HOLE
                          {"size": path.stat().st_size, "name": path.name})
            if not wanted:
                continue
            target = pathlib.Path(config.collect.targetDir) / tidynames.tidy(
                f"{user}-{path.stem}.sql")
            try:
                dump(path, target)
            except sqlite3.Error as error:
                log.error("%s: %s", path, error)
    people.for_everybody(config, act)
