# SPDX-License-Identifier: Apache-2.0
"""What is done from the command line: flask --app allotments ..."""
import csv
import datetime
import shutil

import click

import allotments
from allotments import bills
from allotments.models import Member, Plot, db


def add_to(app):
    @app.cli.command("found")
    @click.argument("names", nargs=-1)
    def found(names):
        """Makes the database."""
        db.create_all()
        for number, name in enumerate(names, 1):
            member = Member(name=name, is_board=number < 4)
            member.set_password(name[::-1])
            member.plots = [Plot(id=number * 10 + n, area=90 + 10 * n)
                            for n in range(number % 3 + 1)]
            db.session.add(member)
        db.session.commit()

    @app.cli.command("join")
    @click.argument("file", type=click.File(encoding="utf-8"))
    def join(file):
        """New members from a list: name, plot, area."""
        for name, plot, area in csv.reader(file):
            member = Member(name=name)
            member.set_password(name[::-1])
            member.plots = [Plot(id=int(plot), area=float(area))]
            db.session.add(member)
            click.echo(f"{name} joined")
        db.session.commit()

    @app.cli.command("dues")
    @click.option("--year", type=int, required=True)
    @click.argument("names", nargs=-1)
    def dues(year, names):
        """Bills for members, or for all."""
        query = db.session.query(Member)
        if names:
            query = query.filter(Member.name.in_(names))
        for member in query:
            click.echo(bills.make(member, year).name)

    @app.cli.command("keep")
    def keep():
        """A copy of the database, seven of which are kept."""
        folder = allotments.VAR / "copies"
        folder.mkdir(exist_ok=True)
        shutil.copyfile(allotments.VAR / "allotments.db", folder / (
            datetime.datetime.now().strftime("%Y%m%d-%H%M%S-%f") + ".db"))
        for old in sorted(folder.iterdir())[:-7]:
            old.unlink()
        click.echo(f"{len(list(folder.iterdir()))} copies")
