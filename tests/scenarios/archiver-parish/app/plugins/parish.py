# SPDX-License-Identifier: Apache-2.0
"""The parish: news, and a calendar without an end."""


def wants(url):
    return "/calendar/" not in url


def title(soup):
    heading = soup.find("h1")
    return heading.get_text(strip=True) if heading else "Parish"


def words(soup):
    return (soup.find("article") or soup).get_text(" ", strip=True)
