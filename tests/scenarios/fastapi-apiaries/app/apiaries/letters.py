"""Letters to neighbours, in the keeper's own words."""
import datetime

import jinja2

from .settings import TOP
from .store import place

PAGES = jinja2.Environment(loader=jinja2.FileSystemLoader(TOP / "templates"),
                           autoescape=True)


def write(tenant, to, text, sender):
    page = PAGES.from_string(
        "{% extends 'letter.html' %}{% block text %}" + text
        + "{% endblock %}").render(to=to, sender=sender)
    made = place(tenant, "letters", str(datetime.date.today()), to + ".html")
    made.parent.mkdir(parents=True, exist_ok=True)
    made.write_text(page, encoding="utf-8")
    return page
