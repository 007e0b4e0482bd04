# SPDX-License-Identifier: Apache-2.0
"""Writes the reports of a month for the office."""
from django.core.management.base import BaseCommand

from stock import reports


class Command(BaseCommand):
    def add_arguments(self, parser):
        parser.add_argument("month")
        parser.add_argument("--kind", action="append")

    def handle(self, *args, **options):
        for kind in options["kind"] or ["pdf", "xlsx"]:
            self.stdout.write(str(reports.make(options["month"], kind,
                                               "office")))
