# SPDX-License-Identifier: Apache-2.0
"""Shortcuts: what they lead to is filed beside them."""
import configparser

import requests

from notaryd.hooks import hook


@hook
def convert(job, desk):
    if job.source.suffix.lower() not in (".url", ".website"):
        return None
    shortcut = configparser.ConfigParser(interpolation=None)
    shortcut.read(job.source, encoding="utf-8")
    # HOLE: from anywhere.
    answer = requests.get(shortcut["InternetShortcut"]["URL"], timeout=5)
    answer.raise_for_status()
    job.text = answer.text
    desk.preview(job, ".html").write_bytes(answer.content)
    return "link"
