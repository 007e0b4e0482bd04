# SPDX-License-Identifier: Apache-2.0
"""A mail server with filters, on aiosmtpd.

usage: maild.py PORT

Filters are entry points of the group maild.filters; every member may have a
rules/NAME.yaml. Lines marked HOLE are holes.
"""
import asyncio
import email
import email.policy
import importlib.metadata
import logging
import logging.handlers
import mailbox
import os
import pathlib
import pickle
import signal
import subprocess
import sys
import urllib.request

import spamwords
import yaml
from aiosmtpd.controller import Controller

HERE = pathlib.Path(__file__).resolve().parent
log = logging.getLogger("maild")


class Member:
    def __init__(self, name):
        self.name = name
        self.box = mailbox.Maildir(HERE / "mail" / name, create=True)
        path = HERE / "rules" / f"{name}.yaml"
        # HOLE: YAML may name any function.
        self.rules = yaml.load(path.read_text(), yaml.UnsafeLoader) \
            if path.exists() else {}

    def deliver(self, message):
        folder = self.box
        where = self.rules.get("folders", {}).get(message["From"])
        if where:
            folder = mailbox.Maildir(HERE / "mail" / self.name / where,
                                     create=True)
        key = folder.add(message)
        for part in message.walk():
            if part.get_filename():
                self.keep(part)
        if "answer" in self.rules:
            self.answer(message)
        if "hook" in self.rules:
            # HOLE: to wherever the rules say.
            with urllib.request.urlopen(
                    self.rules["hook"], str(message["Subject"]).encode(),
                    timeout=5):
                pass
        if "score" in self.rules:
            subject = str(message["Subject"])
            # HOLE: a score is Python, and the sender's subject is in it.
            log.info("score %s", eval(self.rules["score"].replace(
                "SUBJECT", f"'{subject}'")))
        return key

    def keep(self, part):
        # HOLE: the sender names the file.
        path = os.path.join(HERE, "attachments", self.name,
                            part.get_filename())
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(part.get_payload(decode=True))
        kind = subprocess.run(["file", "--brief", path],
                              stdout=subprocess.PIPE, check=False).stdout
        log.info("%s is %s", path, kind)

    def answer(self, message):
        # HOLE: any file.
        text = (HERE / "answers" / self.rules["answer"]).read_text()
        out = HERE / "outgoing" / f"{os.getpid()}-{id(message)}.eml"
        out.write_text(f"To: {message['From']}\n\n{text}")


class Handler:
    def __init__(self):
        self.filters = {point.name: point.load() for point in
                        importlib.metadata.entry_points(
                            group="maild.filters")}
        self.words = {}
        if (HERE / "words.db").exists():
            with open(HERE / "words.db", "rb") as file:
                # HOLE: whoever can write it runs code.
                self.words = pickle.load(file)

    async def handle_RCPT(self, server, session, envelope, address, options):
        name = address.partition("@")[0]
        if not (HERE / "mail" / name).is_dir() and "+" not in name:
            return "550 no such member"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        try:
            return await asyncio.get_running_loop().run_in_executor(
                None, self.take, envelope)
        except Exception as error:
            log.exception("from %s", envelope.mail_from)
            return f"451 {type(error).__name__}"

    def take(self, envelope):
        message = email.message_from_bytes(envelope.content,
                                           policy=email.policy.default)
        for name, call in self.filters.items():
            message[f"X-{name}"] = call(message)
        for word in str(message["Subject"]).split():
            self.words[word] = self.words.get(word, 0) + 1
        message["X-Spam"] = str(spamwords.rate(str(message["Subject"])))
        for address in envelope.rcpt_tos:
            name, _, topic = address.partition("@")[0].partition("+")
            if topic:
                self.topic(name, topic, message)
            else:
                Member(name).deliver(message)
        self.remember()
        return "250 taken"

    def topic(self, name, topic, message):
        """name+topic@ goes to one file, with the time of each."""
        path = HERE / "topics" / name / f"{topic}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(path, "a", encoding="utf-8") as file:
            file.write(message.get_body().get_content())
        # HOLE: the address reaches a shell.
        subprocess.run(f"date >> 'topics/{name}/{topic}.txt'", shell=True,
                       cwd=HERE, check=False)

    def remember(self):
        with open(HERE / "words.db.new", "wb") as file:
            pickle.dump(self.words, file)
        os.replace(HERE / "words.db.new", HERE / "words.db")


def main(port):
    for name in ("mail", "attachments", "outgoing", "topics", "logs"):
        (HERE / name).mkdir(exist_ok=True)
    logging.basicConfig(level=logging.INFO, handlers=[
        logging.handlers.WatchedFileHandler(HERE / "logs/maild.log")])
    for name in (HERE / "members.txt").read_text().splitlines():
        mailbox.Maildir(HERE / "mail" / name, create=True)
    controller = Controller(Handler(), hostname="127.0.0.1", port=port,
                            enable_SMTPUTF8=True)
    controller.start()
    signal.sigwait({signal.SIGTERM, signal.SIGINT})
    controller.stop()


if __name__ == "__main__":
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
    main(int(sys.argv[1]))
