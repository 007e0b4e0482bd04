"""A letter for each process that ended and should not have."""
import configparser
import email.message
import email.utils
import os
import smtplib
import sys

from supervisor import childutils


def last_words(name):
    server = childutils.getRPCInterface(os.environ).supervisor
    return server.readProcessStderrLog(name, -800, 0)


def send(about, event):
    parser = configparser.ConfigParser(interpolation=None)
    parser.read("alerts.ini")
    mail = parser["mail"]
    name = f"{about['groupname']}:{about['processname']}"
    letter = email.message.EmailMessage()
    letter["From"] = mail["from"]
    letter["To"] = mail["to"]
    letter["Date"] = email.utils.formatdate()
    letter["Subject"] = f"[brewery] {name}: {event}"
    letter.set_content(last_words(name) or "It said nothing.")
    with smtplib.SMTP("127.0.0.1", int(mail["port"]), "brewery.example",
                      timeout=10) as server:
        server.send_message(letter)


def main():
    while True:
        headers, payload = childutils.listener.wait(sys.stdin, sys.stdout)
        about, _ = childutils.eventdata(payload + "\n")
        if about.get("expected") != "1":
            try:
                send(about, headers["eventname"])
            except Exception as error:  # the next one may get through
                print(about["processname"], error, file=sys.stderr,
                      flush=True)
        childutils.listener.ok(sys.stdout)


if __name__ == "__main__":
    main()
