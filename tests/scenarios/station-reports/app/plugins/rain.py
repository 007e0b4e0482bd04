# SPDX-License-Identifier: Apache-2.0
"""Heights of rain."""
MILLIMETRES = {"mm": 1, "l/m2": 1, "in": 25.4, "cm": 10}


def convert(value, unit, into):
    return round(value * MILLIMETRES[unit] / MILLIMETRES[into], 3)
