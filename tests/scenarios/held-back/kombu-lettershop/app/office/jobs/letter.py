# SPDX-License-Identifier: Apache-2.0
"""A letter of ours with a few words of the shop's, by mail."""
import os

from mako.lookup import TemplateLookup
from mako.template import Template

from office import mail

lookup = TemplateLookup(["letters"], module_directory="var/mako",
                        strict_undefined=True)


def do(conf, customer, kind, words, to, **values):
    words = Template(words).render(customer=customer, **values)
    text = lookup.get_template(f"{kind}.txt").render(
        customer=customer, words=words, sender=conf["sender"])
    out = os.path.join("var/letters", customer, f"{kind}.txt")
    os.makedirs(os.path.dirname(out), exist_ok=True)
    with open(out, "w", encoding="utf-8") as file:
        file.write(text)
    mail.send(conf, to, kind.title(), text)
    return text
