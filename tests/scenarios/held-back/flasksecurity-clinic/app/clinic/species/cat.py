# SPDX-License-Identifier: Apache-2.0
"""Cats."""


def food(weight):
    """Grams a day."""
    return round(12 * weight)
