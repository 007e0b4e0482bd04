# SPDX-License-Identifier: Apache-2.0
"""E-mail to customers."""
import email.message
import email.utils
import mimetypes
import smtplib

from garage import keep_log, settings


def send(to, subject, text, attachments=()):
    message = email.message.EmailMessage()
    message["From"] = settings["mail"]["from"]
    message["To"] = to
    message["Subject"] = subject
    message["Date"] = email.utils.localtime()
    message["Message-ID"] = email.utils.make_msgid(domain="garage.example")
    message.set_content(text)
    for path in attachments:
        kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        message.add_attachment(path.read_bytes(), *kind.split("/"),
                               filename=path.name)
    with smtplib.SMTP(settings["mail"]["host"],
                      settings.getint("mail", "port"), timeout=10) as server:
        server.send_message(message)
    keep_log("mail").info("sent %r to %s", subject, to)
