# SPDX-License-Identifier: Apache-2.0
"""What a night may cost."""


def check(cents):
    return "fine" if cents <= 12000 else "too dear"
