# SPDX-License-Identifier: Apache-2.0
"""Makes the database with some people and costumes."""
from django.contrib.auth.models import User
from django.core.management import call_command
from django.core.management.base import BaseCommand

from stock.models import Costume


class Command(BaseCommand):
    def add_arguments(self, parser):
        parser.add_argument("names", nargs="+")

    def handle(self, *args, **options):
        call_command("migrate", run_syncdb=True, verbosity=0)
        for name in options["names"]:
            mail = f"{name.replace(' ', '.')}@x.example"
            User.objects.create_user(name, mail, name[::-1])
        User.objects.create_superuser("office", "office@theatre.example",
                                      "eciffo")
        for number in range(1, 13):
            Costume.objects.create(name=f"costume {number}", size=f"{number}0",
                                   cents=100 * number)
