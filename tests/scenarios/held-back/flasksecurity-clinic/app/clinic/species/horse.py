# SPDX-License-Identifier: Apache-2.0
"""Horses."""


def food(weight):
    """Grams a day."""
    return round(17 * weight)
