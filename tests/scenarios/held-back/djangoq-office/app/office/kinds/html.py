# SPDX-License-Identifier: Apache-2.0
from django.template.loader import render_to_string


def write(file, rows):
    file.write(render_to_string("hours.html", {"rows": rows}))
