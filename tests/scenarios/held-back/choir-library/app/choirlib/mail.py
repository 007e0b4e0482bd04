# SPDX-License-Identifier: Apache-2.0
"""Letters to members."""
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
import smtplib

from flask import current_app


def send(member, subject, text):
    """Whether the post took it."""
    config = current_app.config
    message = EmailMessage()
    message["From"] = config["MAIL_FROM"]
    message["To"] = member.email
    message["Subject"] = subject
    message["Date"] = formatdate(localtime=True)
    message["Message-ID"] = make_msgid(domain=config["MAIL_DOMAIN"])
    message.set_content(text)
    try:
        with smtplib.SMTP(config["MAIL_HOST"], config["MAIL_PORT"],
                          local_hostname=config["MAIL_DOMAIN"],
                          timeout=10) as post:
            post.send_message(message)
    except (smtplib.SMTPException, OSError) as error:
        current_app.logger.warning("no letter to %s: %s", member.name, error)
        return False
    return True
