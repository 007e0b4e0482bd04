# SPDX-License-Identifier: Apache-2.0
"""Makes the database: seed NAME..."""
import datetime

from django.contrib.auth.models import User
from django.core.management import BaseCommand, call_command
from django.utils import timezone

from harbour.models import Sailing


class Command(BaseCommand):
    def add_arguments(self, parser):
        parser.add_argument("names", nargs="+")

    def handle(self, *_, **options):
        call_command("migrate", verbosity=0, interactive=False)
        for name in options["names"]:
            User.objects.create_user(name, password=name[::-1],
                                     is_staff=name.startswith("office"))
        Sailing.objects.bulk_create([Sailing(
            leaves=timezone.make_aware(datetime.datetime(2026, 4, day, 9)),
            origin="Furusund", destination="Blidö", ship="Ejdern", miles=7,
            price="12.50") for day in range(1, 29)])
