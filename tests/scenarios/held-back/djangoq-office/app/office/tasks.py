# SPDX-License-Identifier: Apache-2.0
"""What the queue does for the office."""
import hashlib
import importlib
import logging
import multiprocessing
import os
import pickle
import shutil
import subprocess
import tempfile

import markdown
import requests
from django.conf import settings
from django.core.mail import EmailMessage

import roundhalf
from office.models import Entry

LOG = logging.getLogger("office")
INBOX = os.path.join(settings.VAR, "inbox")
OUTBOX = os.path.join(settings.VAR, "outbox")


def enter(day, person, what, hours):
    return Entry.objects.create(day=day, person=person, what=what,
                                hours=roundhalf.up(hours)).pk


def report(month, kind):
    """The hours of a month in a file of the outbox."""
    module = importlib.import_module(f"office.kinds.{kind}")
    name = f"hours-{month}.{kind}"
    rows = [(entry.day, entry.person, entry.what, entry.hours)
            for entry in Entry.objects.filter(day__startswith=month)]
    with tempfile.NamedTemporaryFile("w", delete=False, dir=OUTBOX,
                                     prefix=".report-") as file:
        module.write(file, rows)
    os.replace(file.name, os.path.join(OUTBOX, name))
    return name


def fetch(url, name):
    """Something of a partner's for the inbox."""
    answer = requests.get(url, timeout=5)
    answer.raise_for_status()
    path = os.path.join(INBOX, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(answer.content)
    return len(answer.content)


def pages(name, which, target):
    """Some pages of a PDF of the inbox."""
    subprocess.run(["qpdf", "--pages", os.path.join(INBOX, name), which, "--",
                    "--empty", os.path.join(OUTBOX, target)], check=True,
                   stderr=subprocess.PIPE, timeout=20)
    return os.path.getsize(os.path.join(OUTBOX, target))


def pack(pattern, name):
    """Files of the outbox in one archive."""
    done = subprocess.run(
        f"tar -czf {name}.tar.gz {pattern} && ls -l {name}.tar.gz",
        shell=True, cwd=OUTBOX, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, check=True, text=True)
    return done.stdout.split()[4]


def letter(name, text, extensions):
    path = os.path.join(OUTBOX, name + ".html")
    with open(path, "w", encoding="utf-8") as file:
        file.write(markdown.markdown(text, extensions=extensions))
    return name + ".html"


def mail(to, subject, text, files):
    message = EmailMessage(subject, text, "office@example.org", [to])
    for name in files:
        message.attach_file(os.path.join(OUTBOX, name))
    return message.send()


def digest(path):
    with open(path, "rb") as file:
        return os.path.basename(path), hashlib.sha256(file.read()).hexdigest()


def checksums(directory):
    """Of all files of a folder of the inbox, by two processes."""
    top = os.path.join(INBOX, directory)
    found = sorted(os.path.join(folder, name)
                   for folder, _, names in os.walk(top) for name in names)
    with multiprocessing.Pool(2) as pool:
        made = pool.map(digest, found)
    with open(os.path.join(top, "SHA256SUMS"), "w", encoding="utf-8") as file:
        file.writelines(f"{value}  {name}\n" for name, value in made)
    return len(made)


def take(name):
    """A batch of entries, as the time clock leaves it."""
    with open(os.path.join(INBOX, name), "rb") as file:
        rows = pickle.load(file)
    for row in rows:
        enter(*row)
    os.makedirs(os.path.join(INBOX, "done"), exist_ok=True)
    shutil.move(os.path.join(INBOX, name), os.path.join(INBOX, "done", name))
    return len(rows)


def show(name):
    with open(os.path.join(OUTBOX, name), encoding="utf-8",
              errors="replace") as file:
        return file.read()


def figure(month, formula):
    hours = [entry.hours for entry in
             Entry.objects.filter(day__startswith=month)]
    return eval(formula, {"hours": hours})


def clean(days):
    """Leaves nothing of the outbox that is older."""
    import time
    gone = 0
    with os.scandir(OUTBOX) as entries:
        for entry in entries:
            if entry.stat().st_mtime < time.time() - days * 86400:
                os.unlink(entry.path)
                gone += 1
    return gone
