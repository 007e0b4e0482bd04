# SPDX-License-Identifier: Apache-2.0
"""What daphne serves. The database is brought up to date before."""
import os

from django.core.asgi import get_asgi_application
from django.core.management import call_command

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ferries.settings")
application = get_asgi_application()
call_command("migrate", verbosity=0, interactive=False)
