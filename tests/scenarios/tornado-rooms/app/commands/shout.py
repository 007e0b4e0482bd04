# SPDX-License-Identifier: Apache-2.0
"""Louder."""


def answer(text):
    return text.upper()
