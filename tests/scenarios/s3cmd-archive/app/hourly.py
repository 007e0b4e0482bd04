"""The archive's hourly round: intake, sync, orders and, once a day, a report.

usage: hourly.py [--day YYYY-MM-DD] [intake | sync [NAME...] | orders | report]

Everything goes through s3cmd and ~/.s3cfg. Without a word all four are done.
"""
import argparse
import configparser
import csv
import datetime
import fcntl
import json
import logging
import os
import shutil
import subprocess
import sys
import tempfile

import shelfmark

HERE = os.path.dirname(os.path.abspath(__file__))
BUSY = 75


def s3cmd(*words, cwd=HERE):
    """Runs it, logs what it says; returns that."""
    done = subprocess.run(["s3cmd", "--no-progress", *words], cwd=cwd,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, check=False)
    for line in done.stdout.splitlines():
        logging.info("s3cmd %s: %s", words[0], line)
    if done.returncode:
        raise RuntimeError(f"s3cmd {words[0]} ended with {done.returncode}: "
                           + done.stdout[-300:])
    return done.stdout


def holdings():
    """The collections we look after, as etc/holdings.ini has them."""
    plan = configparser.ConfigParser(interpolation=None)
    plan.read(os.path.join(HERE, "etc/holdings.ini"), "utf-8")
    return plan


# --------------------------------------------------------------------- intake
def intake(day):
    """What people have put into incoming/NAME goes to the intake bucket."""
    for person in sorted(os.listdir("incoming")):
        place = os.path.join(HERE, "incoming", person)
        names = sorted(os.listdir(place))
        if not names:
            continue
        s3cmd("put", "--recursive", *names,
              f"s3://intake/{shelfmark.shelf(person)}/{day}/", cwd=place)
        taken = os.path.join(HERE, "taken", day, person)
        os.makedirs(taken, exist_ok=True)
        for name in names:
            shutil.move(os.path.join(place, name), os.path.join(taken, name))


# ----------------------------------------------------------------------- sync
def unwanted(folder, rule):
    """Names below folder that the collection's rule does not keep."""
    for place, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(place, name)
            about = {"name": name, "size": os.path.getsize(path),
                     "suffix": os.path.splitext(name)[1].lower()}
            if not eval(rule, {}, about):
                yield os.path.relpath(path, folder)


def sync(day, names):
    plan = holdings()
    for name in names or plan.sections():
        section = plan[name]
        folder = os.path.join("collections", name)
        with tempfile.NamedTemporaryFile("w", prefix="leave-", suffix=".txt",
                                         encoding="utf-8") as leave:
            for path in unwanted(folder, section.get("keep", "True")):
                leave.write(path + "\n")
            leave.flush()
            told = s3cmd("sync", "--delete-removed",
                         "--exclude-from", "etc/exclude",
                         "--exclude-from", leave.name,
                         "--cache-file", f"var/cache/{name}.md5", folder + "/",
                         f"s3://{section['bucket']}/{shelfmark.shelf(name)}/")
        keep_state(name, {"day": day, "lines": len(told.splitlines())})


def keep_state(name, state):
    path = os.path.join("var/state", name + ".json")
    with open(path + ".new", "w", encoding="utf-8") as file:
        json.dump(state, file)
    os.replace(path + ".new", path)


# --------------------------------------------------------------------- orders
def fulfil(name, order):
    """One reader's order, as the reading room's form has left it."""
    desk = os.path.join("delivered", order["reader"])
    os.makedirs(desk, exist_ok=True)
    if order["want"] == "copy":
        s3cmd("get", "--force", f"s3://holdings/{order['item']}", desk + "/")
    elif order["want"] == "folder":
        s3cmd("sync", f"s3://holdings/{order['item']}/", desk + "/")
    elif order["want"] == "link":
        url = s3cmd("signurl", f"s3://holdings/{order['item']}", "+86400")
        with open(os.path.join(desk, f"{name}.url"), "w",
                  encoding="utf-8") as file:
            file.write(url)
    elif order["want"] == "publish":
        s3cmd("setacl", "--acl-public", f"s3://holdings/{order['item']}")
    elif order["want"] == "hand in":
        s3cmd("put", os.path.join("scans", order["item"]),
              f"s3://letters/{shelfmark.shelf(order['reader'])}/")
    else:
        raise RuntimeError(f"nobody knows how to {order['want']}")


def orders():
    for file_name in sorted(os.listdir("orders")):
        name, suffix = os.path.splitext(file_name)
        if suffix != ".json":
            continue
        path = os.path.join("orders", file_name)
        with open(path, encoding="utf-8") as file:
            order = json.load(file)
        try:
            fulfil(name, order)
            os.replace(path, os.path.join("orders/done", file_name))
        except RuntimeError as error:
            logging.error("order %s: %s", name, error)
            os.replace(path, os.path.join("orders/failed", file_name))


# --------------------------------------------------------------------- report
def report(day):
    """How many objects there are, and how large they are together."""
    plan = holdings()
    with open(f"reports/{day}.csv", "w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["collection", "objects", "bytes"])
        for name in plan.sections():
            uri = f"s3://{plan[name]['bucket']}/{shelfmark.shelf(name)}/"
            count = subprocess.check_output(
                f"s3cmd ls --recursive {uri} | wc -l", shell=True, text=True)
            size = s3cmd("du", uri).split()[0]
            table.writerow([name, count.strip(), size])


def main():
    parser = argparse.ArgumentParser(usage=__doc__.split("\n\n")[1][7:])
    parser.add_argument("--day", default=str(datetime.date.today()))
    parser.add_argument("what", nargs="?", choices=[
        "intake", "sync", "orders", "report"])
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()
    os.chdir(HERE)
    logging.basicConfig(filename=f"var/log/{options.day}.log",
                        format="%(asctime)s %(process)d %(message)s",
                        level=logging.INFO)
    with open("var/hourly.lock", "w", encoding="ascii") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("another round is under way")
            sys.exit(BUSY)
        lock.write(str(os.getpid()))
        steps = {"intake": lambda: intake(options.day),
                 "sync": lambda: sync(options.day, options.names),
                 "orders": orders, "report": lambda: report(options.day)}
        for name, step in steps.items():
            if options.what in (None, name):
                step()
                print(f"{name}: done")


if __name__ == "__main__":
    main()
