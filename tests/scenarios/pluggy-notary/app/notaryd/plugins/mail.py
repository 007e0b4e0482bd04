# SPDX-License-Identifier: Apache-2.0
"""A short mail about each paper."""
import email.message
import email.utils
import logging
import smtplib

from notaryd.hooks import hook

log = logging.getLogger("notaryd.mail")


@hook
def notify(job, person, desk):
    if not person.get("mail"):
        return
    office = desk.settings["office"]
    mail = email.message.EmailMessage()
    mail["Subject"] = f"Filed: {job.title}"
    mail["From"] = office["mail"]
    mail["To"] = person["mail"]
    mail["Date"] = email.utils.localtime()
    mail["Message-ID"] = f"<{job.number}.{job.month}@notary.example>"
    mail.set_content(desk.templates.get_template("mail.txt").render(
        job=job, person=person, office=office))
    try:
        with smtplib.SMTP("127.0.0.1", desk.settings["smtp"]["port"],
                          "notary.example", timeout=5) as server:
            server.send_message(mail)
    except smtplib.SMTPRecipientsRefused as error:
        log.warning("%s does not take mail: %s", person["mail"], error)
