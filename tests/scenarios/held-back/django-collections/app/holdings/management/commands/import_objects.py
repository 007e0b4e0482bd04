# SPDX-License-Identifier: Apache-2.0
"""Takes in a list of objects that another house sent."""
import csv
import datetime
import os

import accession as numbers
import openpyxl
import yaml
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from holdings.models import Department, Holding


def rows_of(path):
    if path.endswith(".xlsx"):
        book = openpyxl.load_workbook(path, read_only=True)
        head, *rows = book.active.iter_rows(values_only=True)
        rows = [dict(zip(head, row)) for row in rows]
        book.close()
        return rows
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser):
        parser.add_argument("file")
        parser.add_argument("--department", default="Coins")
        parser.add_argument("--mapping", help="names of columns, in YAML")
        parser.add_argument("--keep", action="store_true")
        parser.add_argument("--dry-run", action="store_true")

    def handle(self, *_, **options):
        names = {}
        if options["mapping"]:
            with open(options["mapping"], encoding="utf-8") as file:
                # HOLE: any Python object.
                names = yaml.load(file, Loader=yaml.UnsafeLoader)
        try:
            rows = rows_of(options["file"])
            made = self.take(rows, names, options)
        except (OSError, KeyError) as error:
            raise CommandError(f"{options['file']}: {error}") from error
        if not (options["keep"] or options["dry_run"]):
            done = settings.VAR / "imported" / str(datetime.date.today())
            done.mkdir(parents=True, exist_ok=True)
            os.replace(options["file"],
                       done / os.path.basename(options["file"]))
        self.stdout.write(f"{made} objects")

    @staticmethod
    def take(rows, names, options):
        with transaction.atomic():
            department, _ = Department.objects.get_or_create(
                name=options["department"])
            for row in rows:
                Holding.objects.update_or_create(
                    accession=numbers.tidy(
                        str(row[names.get("accession", "accession")])),
                    defaults={"title": row[names.get("title", "title")],
                              "department": department})
            transaction.set_rollback(options["dry_run"])
        return len(rows)
