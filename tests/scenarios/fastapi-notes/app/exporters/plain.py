# SPDX-License-Identifier: Apache-2.0
"""Notes as they are."""


def write(title, text):
    return f"{title}\n\n{text}"
