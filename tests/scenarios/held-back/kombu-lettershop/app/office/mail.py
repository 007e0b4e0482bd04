# SPDX-License-Identifier: Apache-2.0
from email.message import EmailMessage
import mimetypes
import os
import smtplib


def send(conf, to, subject, text, *files):
    message = EmailMessage()
    message["From"] = conf["sender"]
    message["To"] = to
    message["Subject"] = subject
    message.set_content(text)
    for path in files:
        kind = mimetypes.guess_type(path)[0] or "application/octet-stream"
        with open(path, "rb") as file:
            message.add_attachment(
                file.read(), *kind.split("/"),
                filename=os.path.basename(path))
    with smtplib.SMTP("127.0.0.1", conf["smtp"]["port"], timeout=10) as smtp:
        smtp.send_message(message)
