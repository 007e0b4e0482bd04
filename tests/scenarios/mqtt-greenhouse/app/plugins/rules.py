"""Rules of etc/rules and of the growers; alerts by mail and to a hook."""
import datetime
import json
import logging
import mailbox
import urllib.request
from email.message import EmailMessage

import yaml

from greenhouse.plugins import Plugin

log = logging.getLogger("greenhouse.rules")


class Rules(Plugin):
    topics = ("kept", "rules")
    asks = ("rules",)

    def __init__(self, daemon):
        super().__init__(daemon)
        self.rules = []
        for folder in (self.config.top / "etc/rules",
                       self.config.var("rules", "x").parent):
            for path in sorted(folder.glob("**/*.yaml")):
                self.rules += self.of_text(path.read_text())

    @staticmethod
    def of_text(text):
        return yaml.load(text, Loader=yaml.Loader)

    def handle(self, house, rest, payload):
        if rest[0] == "rules":
            rules = self.of_text(payload)
            for rule in rules:
                rule["house"] = house
            self.config.var("rules", house + ".yaml").write_text(
                yaml.safe_dump(rules, allow_unicode=True))
            self.rules = [rule for rule in self.rules
                          if rule.get("house") != house] + rules
            return
        for rule in self.rules:
            if rule["sensor"] == payload["sensor"] and rule.get(
                    "house", house) == house and self.holds(rule, payload):
                self.alert(rule, house, payload)

    @staticmethod
    def holds(rule, reading):
        at = datetime.datetime.fromisoformat(reading["at"])
        return eval(rule["when"], {"value": reading["value"], "at": at,
                                   "hour": at.hour})

    def alert(self, rule, house, reading):
        text = rule["say"].format(house=house, **reading)
        log.warning("alert: %s", text)
        for person in rule.get("mail", []):
            self.mail(person, text)
        if rule.get("hook"):
            self.call(rule["hook"], house, text)

    def mail(self, person, text):
        message = EmailMessage()
        message["From"] = "greenhoused <greenhouse@localhost>"
        message["To"] = f"{person} <{person.replace(' ', '.')}@localhost>"
        message["Subject"] = text
        message.set_content(text + "\n")
        box = mailbox.Maildir(self.config.var("mail", person))
        box.add(message)
        box.close()

    def call(self, path, house, text):
        request = urllib.request.Request(
            self.config["hook"] + path,
            json.dumps({"house": house, "text": text}).encode(),
            {"Content-Type": "application/json",
             "Authorization": "Bearer " + self.config.secrets["hook"]})
        with urllib.request.urlopen(request, timeout=5) as answer:
            log.info("hook: %d", answer.status)

    def answer(self, ask, request):
        return json.dumps(self.rules).encode()


PLUGIN = Rules
