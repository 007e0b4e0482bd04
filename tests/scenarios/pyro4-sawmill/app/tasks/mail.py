# SPDX-License-Identifier: Apache-2.0
"""Mails to customers, of which a copy is kept."""
import email.message
import email.utils
import mailbox
import mimetypes
import os
import smtplib

import jinja2

import common
from tasks import out

LETTERS = jinja2.Environment(loader=jinja2.FileSystemLoader(
    os.path.join(common.HERE, "templates")))


def body(letter, **values):
    values["note"] = LETTERS.from_string(values["note"]).render(values)
    return LETTERS.get_template(letter + ".txt").render(values)


def run(clerk, customer, order, to, letter="ready", note="", attach=(),
        cc="", reply_to=""):
    message = email.message.EmailMessage()
    message["From"] = "office@sawmill.example"
    message["To"] = to
    message["Subject"] = f"Your order {order}"
    message["Date"] = email.utils.localtime()
    message["Message-ID"] = email.utils.make_msgid(domain="sawmill.example")
    if cc:
        message["Cc"] = cc
    if reply_to:
        message["Reply-To"] = reply_to
    message.set_content(body(letter, clerk=clerk, customer=customer,
                             order=order, note=note))
    for name in attach:
        kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
        with open(out(customer, name), "rb") as file:
            message.add_attachment(
                file.read(), *kind.split("/"),
                filename=os.path.basename(name))
    with smtplib.SMTP("127.0.0.1", common.settings.getint("mail", "port"),
                      timeout=5) as server:
        server.send_message(message)
    mailbox.Maildir(os.path.join(common.YARD, "sent", clerk)).add(message)
    return {"bytes": len(bytes(message))}
