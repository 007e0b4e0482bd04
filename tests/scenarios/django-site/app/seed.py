# SPDX-License-Identifier: Apache-2.0
"""Makes the database: tables and members, named as arguments."""
import os
import sys

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "club.settings")
django.setup()
from django.contrib.auth.models import User  # noqa: E402
from django.core.management import call_command  # noqa: E402

call_command("migrate", verbosity=0, run_syncdb=True)
for name in sys.argv[1:]:
    User.objects.create_user(name, f"{name.replace(' ', '')}@example.org",
                             name[::-1])
