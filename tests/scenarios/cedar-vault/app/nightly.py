"""One night's backup by Cedar Backup; missed nights are caught up with.

usage: nightly.py NIGHT [--full] [ACTION...]
"""
import datetime
import os
import sys
import time

import CedarBackup3.actions.stage
import CedarBackup3.util
from CedarBackup3 import cli

ACTIONS = ["dumps", "exports", "collect", "stage", "letters", "wishes",
           "shelf", "purge"]


class Clock:
    """Tells the night that is made up for; what is old stays so."""

    def __init__(self, night):
        self.night = night

    def strftime(self, form):
        return self.night.strftime(form)

    def localtime(self):
        return self.night.timetuple()

    def __getattr__(self, name):
        return getattr(time, name)


def main():
    night = datetime.date.fromisoformat(sys.argv[1])
    clock = Clock(night)
    CedarBackup3.actions.stage.time = CedarBackup3.util.time = clock
    os.environ["NIGHT"] = str(night)
    actions = [word for word in sys.argv[2:] if not word.startswith("-")]
    flags = [word for word in sys.argv[2:] if word.startswith("-")]
    sys.argv[1:] = ["--quiet", "--config", "conf/cback3.conf", "--logfile",
                    f"log/cback3-{night:%Y-%m}.log", "--owner",
                    os.environ["OWNER"], *flags, *(actions or ACTIONS)]
    sys.exit(cli.cli())


if __name__ == "__main__":
    main()
