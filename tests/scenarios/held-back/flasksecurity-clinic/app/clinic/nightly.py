# SPDX-License-Identifier: Apache-2.0
"""What is done at night, and once at the beginning."""
import datetime
import gzip
import shutil
import sqlite3
import tempfile

import click
from flask import current_app, render_template
from flask.cli import with_appcontext
from flask_mail import Message
from flask_security import hash_password

from . import VAR, mail, papers, store
from .models import Appointment, db

KEPT = 3  # backups


def back_up(day):
    """The database, packed; older ones go."""
    folder = VAR / "backups"
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(prefix="clinic-") as copy:
        with sqlite3.connect(db.engine.url.database) as source, \
                sqlite3.connect(copy.name) as target:
            source.backup(target)
        target.close()
        source.close()
        with open(copy.name, "rb") as plain, \
                gzip.open(folder / f"clinic-{day}.db.gz", "wb") as packed:
            shutil.copyfileobj(plain, packed)
    for old in sorted(folder.glob("clinic-*.db.gz"))[:-KEPT]:
        old.unlink()


def remind(day, is_quiet):
    """Everybody who comes tomorrow."""
    rows = Appointment.query.filter_by(
        day=day + datetime.timedelta(days=1)).all()
    with mail.connect() as post:
        for row in rows:
            post.send(Message(
                f"{row.pet.name} is expected", [row.pet.owner.email],
                render_template("reminder.txt", row=row)))
            if not is_quiet:
                click.echo(f"reminded {row.pet.owner.email}")
    return rows


@click.command()
@click.option("--date", type=click.DateTime(["%Y-%m-%d"]), required=True)
@click.option("--no-backup", is_flag=True)
@click.option("--quiet", is_flag=True)
@with_appcontext
def nightly(date, no_backup, quiet):
    """Reminders, tomorrow's list, a backup."""
    day = date.date()
    rows = remind(day, quiet)
    lists = VAR / "lists" / str(day.year)
    lists.mkdir(parents=True, exist_ok=True)
    papers.xlsx(lists / f"{day}.xlsx", "tomorrow", [
        ("pet", "reason"), *((row.pet.name, row.reason) for row in rows)])
    if not no_backup:
        back_up(day)
    current_app.logger.info("night of %s: %d reminders", day, len(rows))
    click.echo(f"done with {day}: {len(rows)}")


@click.command()
@click.argument("staff", nargs=-1)  # NAME:ROLE
@with_appcontext
def setup(staff):
    """Tables, roles, those who work here."""
    db.create_all()
    for role in ("owner", "vet", "desk"):
        store.find_or_create_role(name=role)
    for name, role in (one.split(":") for one in staff):
        store.create_user(email=f"{name}@clinic.example.org", full_name=name,
                          password=hash_password(name * 3), roles=[role])
    db.session.commit()
