# SPDX-License-Identifier: Apache-2.0
"""The site's side of the queue: a task in JSON on each line of the input, what
came of it on each line of the output."""
import json
import os
import sys

import django

os.environ["DJANGO_SETTINGS_MODULE"] = "office.settings"
django.setup()

from django_q import tasks  # noqa: E402

for line in sys.stdin:
    name, words, wait = json.loads(line)
    number = tasks.async_task(name, *words, hook="office.hooks.finished")
    done = tasks.fetch(number, wait=wait)
    print(json.dumps([bool(done and done.success),
                      str(done.result) if done else "no answer"]), flush=True)
