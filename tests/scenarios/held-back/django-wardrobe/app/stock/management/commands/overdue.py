# SPDX-License-Identifier: Apache-2.0
"""Reminds who keeps a costume for too long."""
import datetime

from django.core.mail import send_mail
from django.core.management.base import BaseCommand

from stock.models import Hire


class Command(BaseCommand):
    def add_arguments(self, parser):
        parser.add_argument("day", type=datetime.date.fromisoformat)
        parser.add_argument("--person")

    def handle(self, *args, **options):
        late = Hire.objects.filter(last__lt=options["day"])
        if options["person"]:
            late = late.filter(person__username=options["person"])
        for hire in late:
            send_mail(f"Please bring back {hire.costume}",
                      f"It was due on {hire.last}.", None,
                      [hire.person.email])
        self.stdout.write(f"{late.count()} reminded")
