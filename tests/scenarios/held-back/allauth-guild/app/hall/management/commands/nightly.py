# SPDX-License-Identifier: Apache-2.0
"""What is done every night."""
import datetime
import gzip

from django.conf import settings
from django.contrib.auth.models import User
from django.core.mail import send_mail
from django.core.management import BaseCommand, call_command
from hall.models import Member, Piece


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser):
        parser.add_argument("--date", type=datetime.date.fromisoformat)
        parser.add_argument("--keep", type=int, default=3)
        parser.add_argument("--remind", action="store_true")
        parser.add_argument("--no-backup", action="store_true")

    def handle(self, *args, **options):
        date = options["date"]
        call_command("clearsessions")
        report = settings.VAR / f"reports/{date:%Y/%m}/{date}.txt"
        report.parent.mkdir(parents=True, exist_ok=True)
        report.write_text(f"{Member.objects.count()} members, "
                          f"{Piece.objects.count()} pieces\n")
        if options["remind"]:
            for user in User.objects.filter(member__joined=date.year):
                send_mail("Dues", f"Dear {user}, dues.", None, [user.email])
        if not options["no_backup"]:
            self.back_up(date, options["keep"])
        self.stdout.write(f"done for {date}")

    def back_up(self, date, keep):
        backups = settings.VAR / "backups"
        backups.mkdir(exist_ok=True)
        with gzip.open(backups / f"hall-{date}.db.gz", "wb") as out:
            out.write((settings.VAR / "hall.db").read_bytes())
        for old in sorted(backups.glob("hall-*.gz"))[:-keep]:
            old.unlink()
