# SPDX-License-Identifier: Apache-2.0
"""Commands of the site: manage.py COMMAND..."""
import os
import sys

from django.core.management import execute_from_command_line

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hall.settings")
execute_from_command_line(sys.argv)
