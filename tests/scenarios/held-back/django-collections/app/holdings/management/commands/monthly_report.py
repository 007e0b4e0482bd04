# SPDX-License-Identifier: Apache-2.0
"""Writes what came in during a month: monthly_report YYYY-MM."""
import fcntl
import os
import tempfile

from django.conf import settings
from django.core.management.base import BaseCommand

from holdings import formats
from holdings.models import Holding


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser):
        parser.add_argument("month")
        parser.add_argument("--format", default="pdf")
        parser.add_argument("--department")

    def handle(self, *_, **options):
        with open(settings.VAR / "run/report.lock", "w",
                  encoding="utf-8") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self.report(options)

    def report(self, options):
        year, month = options["month"].split("-")
        found = Holding.objects.filter(
            entered__year=int(year), entered__month=int(month))
        if options["department"]:
            found = found.filter(department__name=options["department"])
        folder = settings.VAR / "reports" / year / month
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / (f"{options['department'] or 'all'}"
                         f".{options['format']}")
        number, draft = tempfile.mkstemp(".draft", dir=folder)
        os.close(number)
        formats.writer(options["format"])(draft, formats.rows_of(
            found.select_related("department")))
        os.replace(draft, path)
        self.stdout.write(f"{path}: {found.count()} objects")
