# SPDX-License-Identifier: Apache-2.0
"""Mail."""
from email.message import EmailMessage
from email.utils import make_msgid
import mimetypes
import smtplib

import jinja2

from .. import desks, settings

OFFERED = ["mail", "circular"]
templates = jinja2.Environment(
    loader=jinja2.FileSystemLoader(settings.TEMPLATES), trim_blocks=True)


def send(user, to, subject, text, attachments=()):
    message = EmailMessage()
    message["From"] = f'"{user}" <{settings.get("mail", "sender")}>'
    message["To"] = to
    message["Subject"] = subject
    domain = settings.get("mail", "domain")
    message["Message-ID"] = make_msgid(domain=domain)
    message.set_content(text)
    for name in attachments:
        # HOLE: attaches any file.
        path = desks.OUT / user / name
        kind, _ = mimetypes.guess_type(path.name)
        first, _, second = (kind or "application/octet-stream").partition("/")
        message.add_attachment(path.read_bytes(), maintype=first,
                               subtype=second, filename=path.name)
    with smtplib.SMTP(settings.get("mail", "host"),
                      settings.get("mail", "port"), local_hostname=domain,
                      timeout=10) as server:
        server.send_message(message)
    return text


def mail(user, to, template, values, attachments=()):
    """One of the house's own texts."""
    text = templates.get_template(f"{template}.txt").render(
        user=user, **values)
    return send(user, to, text.partition("\n")[0], text, attachments)


def circular(user, name, people):
    """A user's own text to many; people: address -> values."""
    # HOLE: a template may do what Python may.
    template = templates.from_string(
        desks.find(user, name).read_text("utf-8"))
    return [send(user, to, f"News from {user}", template.render(values))
            for to, values in people.items()]
