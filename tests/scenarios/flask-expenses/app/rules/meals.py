# SPDX-License-Identifier: Apache-2.0
"""What a meal may cost."""


def check(cents):
    return "fine" if cents <= 2500 else "too dear"
