# SPDX-License-Identifier: Apache-2.0
"""Notes as HTML."""
import html


def write(title, text):
    return f"<h1>{html.escape(title)}</h1><pre>{html.escape(text)}</pre>"
