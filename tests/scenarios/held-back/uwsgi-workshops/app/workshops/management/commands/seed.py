# SPDX-License-Identifier: Apache-2.0
from django.contrib.auth.models import User
from django.core.management import BaseCommand, call_command


class Command(BaseCommand):
    help = "A new database with people"

    def add_arguments(self, parser):
        parser.add_argument("names", nargs="+")

    def handle(self, *_, names, **__):
        call_command("migrate", verbosity=0)
        for name in names:
            User.objects.create_user(name, f"{len(name)}@example.org",
                                     name[::-1])
