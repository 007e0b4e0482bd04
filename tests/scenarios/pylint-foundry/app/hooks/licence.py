# SPDX-License-Identifier: Apache-2.0
"""Somebody has to say under which licence it is."""


def look(place, lines):
    return ([] if any(place.glob("LICEN[CS]E*"))
            else [("no licence", f"of {lines} modules")])
