# SPDX-License-Identifier: Apache-2.0
"""Reports of a month."""
import os
import tempfile

from django.conf import settings

from stock import models, tables


def make(month, kind, person, paper="A4"):
    """Where the report is."""
    year, _, number = month.partition("-")
    rows = [[str(hire.costume), hire.person.username, str(hire.first),
             str(hire.last), hire.cents / 100]
            for hire in models.Hire.objects.filter(
                first__year=year, first__month=number).order_by("first")]
    place = settings.VAR / "reports" / person / year
    place.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(suffix="." + kind, dir=place)
    os.close(handle)
    tables.WRITERS[kind](rows, month, name, paper)
    path = place / f"hires {month}.{kind}"
    os.replace(name, path)
    return path
