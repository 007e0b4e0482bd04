# SPDX-License-Identifier: Apache-2.0
"""Rabbits."""


def food(weight):
    """Grams a day."""
    return round(45 * weight)
