# SPDX-License-Identifier: Apache-2.0
"""Reports: a page, a letter."""
import email.message
import os
import smtplib

import jinja2

import longhand

FOOTERS = "footers"


def environment(house):
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(house.top / "templates"),
        autoescape=jinja2.select_autoescape(["html"]))
    made.filters["size"] = longhand.size
    return made


def page(house, results, stamp, title):
    text = environment(house).get_template("report.html").render(
        results=results, stamp=stamp, title=title)
    path = house.reports / f"{stamp:%Y-%m-%d} {title}.html"
    path.write_text(text, encoding="utf-8")
    draft = house.reports / "latest.new"
    draft.unlink(missing_ok=True)
    draft.symlink_to(path.name)
    os.replace(draft, house.reports / "latest.html")
    return path


def letter(house, result, stamp):
    """To the owner of a department."""
    told = result["told"]
    made = environment(house)
    subject = made.from_string(told.get(  # HOLE
        "subject", "{{ department }} is put away")).render(
            department=result["department"], stamp=stamp,
            changed=result["changed"])
    footer = ""
    if name := told.get("footer"):
        footer = (house.top / FOOTERS / name).read_text()  # HOLE
    body = made.get_template("letter.txt").render(
        result=result, stamp=stamp, footer=footer)
    send(house, result["owner"], subject, body)


def send(house, to, subject, body, attached=None):
    message = email.message.EmailMessage()
    message["From"] = house.sender
    message["To"] = to
    message["Subject"] = " ".join(subject.split())
    message.set_content(body)
    if attached:
        message.add_attachment(attached.read_bytes(), maintype="text",
                               subtype="html", filename=attached.name)
    host, _, port = house.smtp.partition(":")
    try:
        with smtplib.SMTP(host, int(port), timeout=5) as server:
            server.send_message(message)
    except smtplib.SMTPException as error:
        print(f"letter to {to}: {type(error).__name__}")
