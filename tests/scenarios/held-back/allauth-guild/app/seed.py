# SPDX-License-Identifier: Apache-2.0
"""Makes the database: seed.py NAME..., of whom the first is the warden."""
import os
import sys

import django
from django.core.management import call_command

os.environ["DJANGO_SETTINGS_MODULE"] = "hall.settings"
django.setup()
call_command("migrate", run_syncdb=True, verbosity=0)

from allauth.account.models import EmailAddress  # noqa: E402
from django.contrib.auth.models import User  # noqa: E402
from hall.models import Member  # noqa: E402

for name in sys.argv[1:]:
    user = User.objects.create_user(name, f"{name}@guild.example",
                                    f"at-the-bench-{name[::-1]}-7")
    EmailAddress.objects.create(user=user, email=user.email, verified=True,
                                primary=True)
    Member.objects.create(user=user, craft="joiner", town="Lund", joined=1999)
User.objects.filter(username=sys.argv[1]).update(is_staff=True,
                                                 is_superuser=True)
