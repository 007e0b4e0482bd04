# SPDX-License-Identifier: Apache-2.0
"""Speeds of wind; bft only as a result."""
import beaufort

METRES = {"m/s": 1, "km/h": 1 / 3.6, "kn": 0.5144}


def convert(value, unit, into):
    speed = value * METRES[unit]
    if into == "bft":
        return beaufort.force(speed)
    return round(speed / METRES[into], 2)
