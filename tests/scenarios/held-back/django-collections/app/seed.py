# SPDX-License-Identifier: Apache-2.0
"""Makes the database: seed.py NAME..., the first of whom is the curator."""
import datetime
import os
import sys

import django
from django.core.management import call_command

os.environ["DJANGO_SETTINGS_MODULE"] = "museum.settings"
django.setup()
call_command("migrate", verbosity=0)

# Models are there after setup() alone.
# pylint: disable=wrong-import-position,wrong-import-order
from django.contrib.auth.models import User  # noqa: E402
from holdings.models import Department, Holding  # noqa: E402

for number, name in enumerate(sys.argv[1:]):
    make = User.objects.create_user if number else (
        User.objects.create_superuser)
    make(name, f"{name.replace(' ', '.')}@museum.example", name[::-1] + "!")
for name in ("Coins", "Paintings", "Natural History", "Dr. Webb Bequest"):
    department = Department.objects.create(name=name)
    for number in range(1, 6):
        Holding.objects.create(
            accession=f"{1990 + department.pk}.{number}", year=1700 + number,
            title=f"{name} no. {number}", department=department,
            height=10 * number, width=7, value=100 * number,
            entered=datetime.date(2026, number, 2 * number))
