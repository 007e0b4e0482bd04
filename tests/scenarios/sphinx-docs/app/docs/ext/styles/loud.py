# SPDX-License-Identifier: Apache-2.0
"""Loud."""


def style(text):
    return text.upper()
