# SPDX-License-Identifier: Apache-2.0
"""What is brought from elsewhere."""
import lxml.html
import requests

from .. import desks, settings

OFFERED = ["fetch", "links"]


def get(url):
    with requests.Session() as session:
        session.trust_env = False  # nobody's .netrc goes anywhere
        session.headers["User-Agent"] = settings.get("net", "agent")
        # HOLE: from anywhere.
        answer = session.get(url, timeout=settings.get("net", "seconds"))
        answer.raise_for_status()
        return answer


def fetch(user, url, name):
    """A file from the web onto a desk."""
    # HOLE: to anywhere.
    return desks.keep(desks.place(user, name), get(url).content)


def links(user, url):
    """What a page leads to; kept as a list beside it."""
    page = lxml.html.fromstring(get(url).content, base_url=url)
    page.make_links_absolute()
    found = sorted({link for _, _, link, _ in page.iterlinks()})
    title = page.findtext(".//title") or "untitled"
    desks.keep(desks.output(user, f"links/{title}.txt"),
               "".join(f"{link}\n" for link in found).encode())
    return [title, *found]
