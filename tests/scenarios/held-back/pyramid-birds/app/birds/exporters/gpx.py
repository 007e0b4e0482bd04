# SPDX-License-Identifier: Apache-2.0
from xml.etree import ElementTree


def export(rows):
    root = ElementTree.Element("gpx")
    for row in rows:
        ElementTree.SubElement(root, "wpt", name=row.species, desc=row.place,
                              time=row.day)
    return ElementTree.tostring(root, "unicode")
