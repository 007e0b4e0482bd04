# SPDX-License-Identifier: Apache-2.0
"""The history society: a wiki."""
from urllib.parse import parse_qs, urlparse


def wants(url):
    return "action" not in parse_qs(urlparse(url).query)


def title(soup):
    return soup.title.get_text(strip=True).removesuffix(" - Society wiki")


def words(soup):
    for tag in soup.select("nav, script"):
        tag.decompose()
    return soup.get_text(" ", strip=True)
