# SPDX-License-Identifier: Apache-2.0
"""The nightly backups of the surgery.

    nightly.py backup JOB --date 2026-11-02 [--comment TEXT] [--dry-run]
    nightly.py tidy JOB --date 2026-11-02
"""
import argparse
import datetime
import json
import os
import pickle
import subprocess
import sys
import tempfile

import practice_calendar

import common


def run_hooks(job, date):
    for hook in sorted((common.TOP / "hooks/pre").glob("*.sh")):
        subprocess.run(["sh", str(hook), job, date], cwd=common.TOP,
                       check=True)


def history():
    path = common.TOP / "state/history.pickle"
    if not path.exists():
        return []
    with open(path, "rb") as file:
        return pickle.load(file)


def remember(entries):
    directory = common.TOP / "state"
    directory.mkdir(exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=directory, prefix="history-",
                                     delete=False) as file:
        pickle.dump(entries[-100:], file)
    os.replace(file.name, directory / "history.pickle")


def report(name, text):
    directory = common.TOP / "reports"
    directory.mkdir(exist_ok=True)
    with open(directory / f"{name}.txt", "w", encoding="utf-8") as file:
        file.write(text)


def backup(config, options):
    job = config[options.job]
    date = options.date.isoformat()
    run_hooks(options.job, date)
    archive = f"{options.job}-{date}"
    arguments = ["create", "--timestamp", f"{date}T21:30:00",
                 "--compression", job["compression"], "--patterns-from",
                 common.TOP / "patterns" / f"{options.job}.lst"]
    if options.comment:
        arguments += ["--comment", options.comment]
    arguments += (["--dry-run", "--list"] if options.dry_run else ["--json"])
    status, output, errors = common.borg(
        *arguments, f"{common.repository(config, options.job)}::{archive}",
        *job["paths"].split(), cwd=config["surgery"]["practice"],
        logging_conf=None if options.dry_run else common.TOP / "logging.conf")
    if options.dry_run or status > 1:
        print(output + errors)
        return status
    stats = json.loads(output)["archive"]["stats"]
    is_open = practice_calendar.is_open(options.date)
    text = (f"{archive}: {stats['nfiles']} files, "
            f"{stats['original_size']} bytes, "
            f"{'open' if is_open else 'closed'}\n{options.comment}\n")
    report(archive, text)
    remember(history() + [(archive, stats["nfiles"], datetime.datetime.now())])
    subprocess.run(f"sh hooks/post/note.sh {options.job} {date} "
                   f"'{options.comment}'", shell=True, cwd=common.TOP,
                   check=True)
    common.tell(f"{config['surgery']['board']}/{options.job}/{date}", text)
    print(text, end="")
    return status


def tidy(config, options):
    job = config[options.job]
    place = common.repository(config, options.job)
    status, output, errors = common.borg(
        "prune", "--list", "--keep-daily", job["keep_daily"],
        "--keep-weekly", job["keep_weekly"], "--prefix", f"{options.job}-",
        place, cwd=common.TOP)
    if not status:
        status, more, complaints = common.borg("compact", "--verbose", place,
                                               cwd=common.TOP)
        output, errors = output + more, errors + complaints
    report(f"tidy {options.job} {options.date}", output + errors)
    print(output + errors)
    return status


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("verb", choices=("backup", "tidy"))
    parser.add_argument("job")
    parser.add_argument("--date", type=datetime.date.fromisoformat,
                        default=datetime.date.today())
    parser.add_argument("--comment", default="")
    parser.add_argument("--dry-run", action="store_true")
    options = parser.parse_args()
    config = common.settings()
    if not config.has_section(options.job):
        parser.error(f"no job {options.job}")
    do = backup if options.verb == "backup" else tidy
    return do(config, options)


sys.exit(main())
