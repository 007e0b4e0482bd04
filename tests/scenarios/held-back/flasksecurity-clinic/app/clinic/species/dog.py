# SPDX-License-Identifier: Apache-2.0
"""Dogs."""


def food(weight):
    """Grams a day."""
    return round(20 * weight)
