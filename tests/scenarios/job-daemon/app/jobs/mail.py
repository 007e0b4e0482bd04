# SPDX-License-Identifier: Apache-2.0
"""Letters, by a template, to a mail server."""
import smtplib
from email.message import EmailMessage

import jinja2


def run(var, settings, to, text, server, attach=None):
    letter = EmailMessage()
    letter["From"], letter["To"] = settings["mail"]["from"], to
    letter["Subject"] = "Your jobs"
    # HOLE: text is a template; server is anywhere; attach, too
    letter.set_content(jinja2.Template(text).render(to=to))
    if attach:
        letter.add_attachment((var / "out" / attach).read_bytes(),
                              maintype="application", subtype="octet-stream",
                              filename=attach)
    host, _, port = server.partition(":")
    with smtplib.SMTP(host, int(port), timeout=5) as smtp:
        smtp.send_message(letter)
    return "sent"
