#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the office does by hand."""
import argparse
import csv
import datetime
import getpass
import sys

from garage import VAR, keep_log
from garage.models import TABLES, Order, User, database


def init(_):
    database.create_tables(TABLES)


def adduser(options):
    password = options.password or getpass.getpass()
    User.add(options.name, password, options.mail)
    print(f"{options.name} added")


def users(options):
    for user in User.select().order_by(User.name):
        print(user.name, user.mail, user.orders.count())
        if options.orders:
            for order in user.orders:
                print("   ", order.day, order.plate, order.what)


def export(options):
    path = VAR / "export" / (options.output or
                             f"{datetime.date.today()}.csv")
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w", encoding="utf-8", newline="") as file:
        out = csv.writer(file)
        for order in Order.select().order_by(Order.id):
            out.writerow([order.id, order.owner.name, order.plate,
                          order.cents])
    print(f"{path.name} written")


def paid(options):
    with open(options.file, encoding="utf-8", newline="") as file:
        count = sum(Order.update(is_paid=True).where(
            Order.id == int(row[0])).execute() for row in csv.reader(file))
    keep_log("office").info("%d paid, as %s says", count, options.file)
    print(f"{count} paid")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    subs = parser.add_subparsers(required=True)
    for function, arguments in (
            (init, []),
            (adduser, ["name", "mail", "--password"]),
            (users, ["--orders"]),
            (export, ["--output"]),
            (paid, ["file"])):
        sub = subs.add_parser(function.__name__)
        sub.set_defaults(function=function)
        for argument in arguments:
            sub.add_argument(argument, **(
                {"action": "store_true"} if argument == "--orders" else {}))
    options = parser.parse_args()
    with database:
        options.function(options)


if __name__ == "__main__":
    sys.exit(main())
