# SPDX-License-Identifier: Apache-2.0
import datetime

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.management import BaseCommand
from django.template.loader import render_to_string

from workshops.models import Workshop


class Command(BaseCommand):
    help = "What a week brings, to all owners"

    def add_arguments(self, parser):
        parser.add_argument("week", help="2026-W03")
        parser.add_argument("--dry-run", action="store_true")

    def handle(self, *_, week, dry_run, **__):
        first = datetime.date.fromisoformat(week + "-1")
        rows = list(Workshop.objects.filter(date__range=(
            first, first + datetime.timedelta(6))))
        text = render_to_string("workshops/digest.txt",
                                {"week": week, "rows": rows})
        if dry_run:
            self.stdout.write(text)
            return
        year, _, number = week.partition("-")
        path = settings.BASE_DIR / "var/digests" / year / f"{number}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        for owner in {row.owner for row in rows}:
            mail = EmailMessage(f"Week {week}", text, to=[owner.email])
            mail.attach_file(path)
            mail.send()
        self.stdout.write(f"{len(rows)} workshops in {week}")
