# SPDX-License-Identifier: Apache-2.0
"""The museum: objects with a table of what is known of each."""
import re


def wants(url):
    return not re.search(r"/(logout|basket)\b", url)


def title(soup):
    number = soup.select_one("td.number")
    name = soup.find("h1").get_text(strip=True)
    return f"{name} ({number.get_text(strip=True)})" if number else name


def words(soup):
    return " ".join(cell.get_text(strip=True)
                    for cell in soup.select("h1, td, p"))
