# SPDX-License-Identifier: Apache-2.0
"""Temperatures, by way of kelvin."""
INTO = {"K": lambda t: t, "C": lambda t: t + 273.15,
        "F": lambda t: (t + 459.67) / 1.8}
FROM = {"K": lambda t: t, "C": lambda t: t - 273.15,
        "F": lambda t: t * 1.8 - 459.67}


def convert(value, unit, into):
    return round(FROM[into](INTO[unit](value)), 2)
