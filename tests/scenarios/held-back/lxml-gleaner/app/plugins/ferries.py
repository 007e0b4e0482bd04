"""Timetables, which the site lists in a sitemap."""
from lxml import etree

PLACE = "{http://www.sitemaps.org/schemas/sitemap/0.9}loc"


class Parser:
    def __init__(self, folder):
        self.folder = folder

    def facts(self, tree):
        return {row.findtext("td[1]"): row.findtext("td[2]")
                for row in tree.xpath("//table[@id='times']//tr")}

    def links(self, body):
        return [item.text for item in etree.fromstring(body).iter(PLACE)]
