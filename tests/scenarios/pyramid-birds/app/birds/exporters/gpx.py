# SPDX-License-Identifier: Apache-2.0
from xml.etree import ElementTree


def export(rows):
    root = ElementTree.Element("gpx")
    for row in rows:
        ElementTree.SubElement(root, "wpt", name=row.species, time=row.day,
                               desc=row.place)
    return ElementTree.tostring(root, "unicode")
