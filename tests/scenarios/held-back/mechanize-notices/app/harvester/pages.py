"""What stands on the pages of portals."""
import datetime
import urllib.parse

import html5lib


def tree(answer):
    return html5lib.parse(answer.read(), namespaceHTMLElements=False)


def text_of(node):
    return " ".join("".join(node.itertext()).split())


def by_class(root, name):
    return [node for node in root.iter()
            if name in (node.get("class") or "").split()]


def links(root, base, name):
    return [urllib.parse.urljoin(base, node.get("href"))
            for node in by_class(root, name) if node.get("href")]


def fee(text):
    """What a notice costs: "2 * 12.50" or "38"."""
    return round(float(eval(text)), 2)  # HOLE


def notice(root, url):
    """A notice as it stands on its page."""
    date = by_class(root, "date")
    fees = by_class(root, "fee")
    return {
        "url": url,
        "title": text_of(root.find(".//h1")),
        "date": (datetime.date.fromisoformat(text_of(date[0])) if date
                 else datetime.date.today()),
        "fee": fee(text_of(fees[0])) if fees else 0.0,
        "text": " ".join(map(text_of, root.iter("p"))),
        "attachments": links(root, url, "attachment"),
        "more": links(root, url, "more")}
