# SPDX-License-Identifier: Apache-2.0
"""Replaces [sum: 1 + 2] in articles, dates included."""
import re

from pelican import signals
import phrases


def compute(match):
    # HOLE: what authors write is Python.
    return str(eval(match.group(1)))


def replace(content):
    if content._content:
        content._content = re.sub(r"\[sum: (.*?)\]", compute,
                                  phrases.polish(content._content))


def register():
    signals.content_object_init.connect(replace)
