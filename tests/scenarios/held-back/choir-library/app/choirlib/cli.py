# SPDX-License-Identifier: Apache-2.0
"""What the host does at night, and once at first."""
import os
import shutil
import sqlite3
import tarfile

import click
from flask import current_app, render_template
from flask.cli import with_appcontext

from . import mail, reports
from .extensions import db
from .forms import VOICES
from .models import Loan, Member

KEPT = 2  # backups


@click.command("init")
@click.argument("names", nargs=-1)
@with_appcontext
def init(names):
    """Makes the tables and the first members: librarians are NAMES before
    "+", the others sing only."""
    db.create_all()
    librarians = names.index("+")
    for number, name in enumerate(name for name in names if name != "+"):
        word = name.replace(" ", ".").encode("ascii", "ignore").decode()
        member = Member(name=name, voice=VOICES[number % 4],
                        email=word + "@example.org",
                        is_librarian=number < librarians)
        member.set_password(name[::-1])
        db.session.add(member)
    db.session.commit()


@click.command("overdue")
@click.option("--date", type=click.DateTime(["%Y-%m-%d"]), required=True)
@with_appcontext
def overdue(date):
    """Reminds members of what they should have brought back."""
    loans = Loan.query.filter(Loan.until < date.date(),
                              Loan.returned.is_(None)).all()
    for loan in loans:
        mail.send(loan.member, f"Overdue: {loan.piece.title}",
                  render_template("mail/overdue.txt", loan=loan))
    path = os.path.join(current_app.config["VAR"], "reports",
                        f"overdue-{date:%Y-%m-%d}.csv")
    reports.write_csv(path, reports.rows(loans))
    click.echo(f"{len(loans)} overdue")


@click.command("backup")
@click.option("--date", type=click.DateTime(["%Y-%m-%d"]), required=True)
@with_appcontext
def backup(date):
    """Copies database and scores; older copies go away."""
    var = current_app.config["VAR"]
    root = os.path.join(var, "backups")
    target = os.path.join(root, f"{date:%Y-%m-%d}")
    os.makedirs(target, exist_ok=True)
    source = sqlite3.connect(os.path.join(var, "library.db"))
    copy = sqlite3.connect(os.path.join(target, "library.db"))
    with source, copy:
        source.backup(copy)
    source.close()
    copy.close()
    with tarfile.open(os.path.join(target, "scores.tar.gz"), "w:gz") as file:
        file.add(os.path.join(var, "scores"), "scores")
    for old in sorted(os.listdir(root))[:-KEPT]:
        shutil.rmtree(os.path.join(root, old))
    click.echo(f"backup {date:%Y-%m-%d}")
