# SPDX-License-Identifier: Apache-2.0
"""What the staff does at the counter."""
import datetime
import json
import pathlib

import click
import yaml

from lending.store import (ENGINE, Base, Borrower, Loan, Session, Tool,
                           folder, hashed)


@click.group()
def cli():
    """The counter of the library of tools."""


@cli.command()
@click.argument("names", nargs=-1)
def add(names):
    """Gives people a card."""
    Base.metadata.create_all(ENGINE)
    with Session.begin() as session:
        for name in names:
            session.merge(Borrower(name=name,
                                   password=hashed(name, name[::-1])))
    click.echo(f"{len(names)} added")


@cli.command()
@click.option("--on", type=click.DateTime(["%Y-%m-%d"]))
@click.option("--brief", is_flag=True)
@click.option("--oldest", is_flag=True)
def overdue(on, brief, oldest):
    """Lists who is late, and keeps the list."""
    day = (on or datetime.datetime.now()).date()
    with Session() as session:
        loans = session.query(Loan).filter(
            Loan.until < day, Loan.returned.is_(None)).order_by(
                Loan.until if oldest else Loan.id).all()
    lines = [loan.borrower if brief else
             f"{loan.borrower}: {loan.tool.name} since {loan.until}"
             for loan in loans]
    (folder("overdue", day.year) / f"{day}.txt").write_text("\n".join(lines))
    click.echo("\n".join([f"{len(lines)} late", *lines]))


@cli.command()
@click.argument("branch")
@click.argument("source", type=click.Path(path_type=pathlib.Path))
def hours(branch, source):
    """Takes a branch's opening hours from a sheet in YAML."""
    # HOLE: a document may name any function.
    table = yaml.load(source.read_text(), yaml.UnsafeLoader)
    (folder("branches") / f"{branch}.json").write_text(
        json.dumps(table, default=str))
    click.echo(f"{branch}: {len(table)} days")


@cli.command()
@click.argument("category")
@click.argument("target", type=click.File("w"))
def labels(category, target):
    """Prints labels for the tools of a category."""
    with Session() as session:
        for tool in session.query(Tool).filter_by(category=category):
            target.write(f"{tool.id:05} {tool.name}\n")
    click.echo(f"labels in {target.name}")


if __name__ == "__main__":
    cli()
