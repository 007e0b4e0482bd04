# SPDX-License-Identifier: Apache-2.0
"""Letters to the ensemble. The relay empties the maildir."""
import email.message
import email.utils
import mailbox

from flask import (Blueprint, current_app, render_template,
                   render_template_string, request)

from . import VAR, models
from .accounts import member, user

pages = Blueprint("post", __name__, url_prefix="/post")


def send(to, subject, text):
    message = email.message.EmailMessage()
    message["From"] = current_app.config["MAIL_FROM"]
    message["To"] = to
    message["Subject"] = subject
    message["Date"] = email.utils.formatdate()
    message["Message-ID"] = email.utils.make_msgid(domain="theatre.example")
    message.set_content(text)
    mailbox.Maildir(VAR / "outgoing").add(message)


@pages.route("/<slug>/call", methods=["POST"])
@member
def call(slug):
    """Calls people to a rehearsal."""
    play = models.Production[slug]
    text = ""
    for name in request.form.getlist("to"):
        # HOLE: the visitor's text is a template.
        greeting = render_template_string(
            request.form["text"], name=name, play=play.title)
        text = render_template("call.txt", greeting=greeting, play=play,
                               user=user())
        send(email.utils.formataddr((name, "cast@theatre.example")),
             f"{play.title}: rehearsal", text)
    return text, {"Content-Type": "text/plain; charset=utf-8"}
