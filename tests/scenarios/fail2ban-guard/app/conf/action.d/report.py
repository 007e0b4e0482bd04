"""Tells an abuse desk of bans."""
import json
import pathlib
import urllib.request

from fail2ban.server.action import ActionBase

TOP = pathlib.Path(__file__).resolve().parents[2]


class ReportAction(ActionBase):
    def __init__(self, jail, name, url):
        super().__init__(jail, name)
        self.url = url
        self.norestored = 1

    def ban(self, aInfo):
        token = (TOP / "secret/token").read_text().strip()
        text = (TOP / "templates/report.txt").read_text()
        body = json.dumps({"ip": str(aInfo["ip"]), "text": text.format(
            jail=self._jail.name, failures=aInfo["failures"])})
        request = urllib.request.Request(self.url, body.encode(), {
            "Content-Type": "application/json",
            "Authorization": "Basic " + token[:4]})
        with urllib.request.urlopen(request, timeout=8) as answer:
            answer.read()


Action = ReportAction
