# SPDX-License-Identifier: Apache-2.0
"""Lines."""
import textwrap


def export(rows):
    return "\n".join(textwrap.fill(f"{start}  {what}", 60)
                     for start, what in rows)
