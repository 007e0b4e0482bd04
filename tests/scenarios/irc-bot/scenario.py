# SPDX-License-Identifier: Apache-2.0
"""An IRC bot, a network for it, and people who talk to it."""
import base64
import contextlib
import os
import pickle
import socket
import threading
import time

from attackers import Bomb
import stage

CONFIGURATION = """supybot.nick: clerk
supybot.ident: clerk
supybot.user: A clerk
supybot.networks: village
supybot.networks.village.servers: 127.0.0.1:{port}
supybot.networks.village.channels: #club
supybot.networks.village.ssl: False
supybot.directories.conf: {srv}/conf
supybot.directories.data: {srv}/data
supybot.directories.data.tmp: {srv}/data/tmp
supybot.directories.data.web: {srv}/web
supybot.directories.backup: {srv}/backup
supybot.directories.log: {srv}/logs
supybot.directories.plugins: {srv}/plugins
supybot.reply.whenAddressedBy.chars: !
supybot.protocols.irc.throttleTime: 0.0
supybot.protocols.irc.queuing.duplicates: False
supybot.abuse.flood.command: False
supybot.abuse.flood.command.invalid: False
supybot.drivers.poll: 0.1
supybot.log.stdout: False
supybot.plugins.ChannelLogger.flushImmediately: True
supybot.plugins.Web.fetch.maximum: 4096
supybot.plugins: {names}
"""
PLUGINS = ("Admin ChannelLogger Config Factoids Karma Later Library Math Misc "
           "Note Owner Plugin Seen Todo User Utilities Web").split()
QUIPS = {"__init__.py": 'QUIP = "well"\n'}
QUIPS_NEW = {"__init__.py": "from quips.words import QUIP\n",
             "words.py": 'QUIP = "well, well"\n'}
USERS = """user 1
  name boss
  ignore False
  secure False
  hashed False
  password letmein
  capability owner
"""


class Network:
    """The server of a small network: people are names, not connections."""

    def __init__(self, port):
        self.socket = socket.create_server(("127.0.0.1", port))
        self.peer = None
        self.said = ""
        self.joined = set()
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        with contextlib.suppress(OSError):
            while True:
                self.peer, _ = self.socket.accept()
                with self.peer, self.peer.makefile(
                        encoding="utf-8", errors="replace") as lines:
                    for line in lines:
                        self.answer(line.rstrip("\r\n"))

    def answer(self, line):
        word, _, rest = line.partition(" ")
        if word == "USER":
            for number, text in (("001", ":welcome"), ("004", "v 1 o o"),
                                 ("376", ":end")):
                self.send(f":village {number} clerk {text}")
        elif word == "PING":
            self.send(f":village PONG village {rest}")
        elif word == "JOIN":
            for channel in rest.split(" ")[0].lstrip(":").split(","):
                self.send(f":clerk!clerk@host JOIN {channel}")
                self.joined.add(channel)
        elif word in ("PRIVMSG", "NOTICE"):
            self.said += rest + "\n"

    def send(self, line):
        with contextlib.suppress(OSError):
            self.peer.sendall(line.encode() + b"\r\n")

    def say(self, who, text, to="#club"):
        self.send(f":{who}!{who}@home.example PRIVMSG {to} :{text}")

    def close(self):
        for sock in (self.socket, self.peer):
            if sock:
                with contextlib.suppress(OSError):
                    sock.shutdown(socket.SHUT_RDWR)
        self.socket.close()


class IrcBot(stage.Service):
    """A chat bot with plug-ins, that logs and remembers (limnoria)."""
    packages = ["limnoria"]
    network = None

    def arrange(self):
        self.install("quips", "1.0", QUIPS)
        stage.write(self.srv / "conf/users.conf", USERS)
        stage.write(self.srv / "bot.conf", CONFIGURATION.format(
            port=self.port("irc"), srv=self.srv, names=" ".join(PLUGINS))
            + "".join(f"supybot.plugins.{name}: True\n" for name in PLUGINS))
        for name, text in (("rules", "Be kind."), ("opening.hours", "At 8."),
                           ("how to", "Ask."), ("menu-2025", "Soup.")):
            stage.write(self.srv / "data/pages" / name, text + "\n")

    def arrange_benign(self):
        self.install("quips", "1.1", QUIPS_NEW)

    def command(self):
        return [self.python, "/usr/bin/supybot", "--allow-root", "bot.conf"]

    def is_ready(self):
        return self.network is not None and "#club" in self.network.joined

    def start(self):
        self.network = Network(self.port("irc"))
        super().start()

    def halt(self):
        super().halt()
        if self.network:
            self.network.close()
            self.network = None

    # ------------------------------------------------------------ ordinary use
    def ask(self, who, text, to="#club", seconds=8, found=""):
        """What the bot says within a time; ends early with found in it."""
        self.network.said = ""
        self.network.say(who, text, to)
        stage.wait_for(lambda: found.encode() in self.network.said.encode()
                       if found else self.network.said, seconds)
        time.sleep(0.05)
        return self.network.said

    def expect_reply(self, who, text, found, to="#club"):
        said = self.ask(who, text, to, found=found)
        self.expect(f"{who}: {text}", found in said, said)

    def sit_together(self, who, channel, friend, page, what):
        """One evening of somebody in a channel."""
        def expect(text, found):
            self.expect_reply(who, text, found, channel)
        for name in (who, friend):
            self.network.send(f":{name}!{name}@home.example JOIN {channel}")
        expect(f"!calc 6*{len(who)}", str(6 * len(who)))
        expect(f"!learn {what} is a fine thing", "succeeded")
        expect(f"!whatis {what}", "fine thing")
        self.network.say(who, f"{what}++", channel)
        expect(f"!karma {what}", what)
        expect(f'!later tell "{friend}" {what} is here', "succeeded")
        self.network.say(friend, "hello all", channel)
        expect(f'!seen "{friend}"', "hello all")
        expect("!factoids rank", what)
        expect(f'!put "{page}" {what} and more', "written")
        expect(f'!show "{page}"', what)
        expect(f"!words {page}", "words: ")
        expect(f'!library find -r "{page}"', "found: ")
        expect("!price 2 + 3", "price: 5")
        expect(f"!library restore {self.saved({what: 1})}", "restored")
        expect(f'!showas loud "{page}"', what.upper()[:3])
        expect(f'!showas plain "{page}"', what[:3])

    @staticmethod
    def saved(what):
        return base64.b64encode(pickle.dumps(what)).decode()

    def read_news(self, who, path, title, channel="#club"):
        news = self.site("news")
        news.page(path.partition("?")[0], f"<html><title>{title}</title>",
                  Content_Type="text/html; charset=utf-8")
        self.expect_reply(who, f"!title {news.url}{path}", title, channel)
        self.expect_reply(who, f"!fetch {news.url}{path}", "<html>", channel)

    def boss(self, *texts):
        self.expect_reply("boss", "identify boss letmein", "succeeded",
                          "clerk")
        for text, found in texts:
            self.expect_reply("boss", text, found, "clerk")

    def join(self, channel):
        self.network.say("boss", f"join {channel}", "clerk")
        self.expect(f"in {channel}", stage.wait_for(
            lambda: channel in self.network.joined))

    def train(self, day):
        self.sit_together("anna", "#club", "ben", f"menu {day}", "soup")
        self.sit_together("ben", "#club", "carla", f"cup-{day}.final", "ball")
        self.read_news("anna", f"/news/{day}", "Council")
        self.boss(("config plugins.Karma.response True", "succeeded"),
                  ("reload Todo", "succeeded"), ("flush", "succeeded"))
        self.join("#choir")
        self.sit_together("carla", "#choir", "anna", "choir/songs",
                          f"song{day}")
        self.expect_reply("carla", "!show rules", "kind")
        self.expect_reply("carla", "!show none", "rror")
        self.expect_reply("carla", "register carla sesame", "succeeded",
                          "clerk")
        self.expect_reply("carla", "todo add sing", "succeeded", "clerk")
        self.expect_reply("carla", "note send boss hello", "sent",
                          "clerk")

    def benign(self):
        self.boss(("config reply.showSimpleSyntax True", "succeeded"),
                  ("unload Factoids", "succeeded"),
                  ("load Factoids", "succeeded"),
                  ("reload Library", "succeeded"),
                  ("flush", "succeeded"))
        self.join("#tour-2026.alps")
        self.join("##über")
        for who, channel, friend, page, what in (
                ("[Hans]", "#tour-2026.alps", "zoe|away", "Tag 1/Weg.md",
                 "berg"),
                ("o`brien", "##über", "anna", "2026-11-21 minutes.txt", "maß"),
                ("zoe|away", "#club", "[Hans]", "v1.2_draft", "boat")):
            self.sit_together(who, channel, friend, page, what)
        self.read_news("o`brien", "/archive/2026/11.html?x=1", "Älteres")
        self.expect_reply("zoe|away", "register zoe p4ss", "succeeded",
                          "clerk")
        self.expect_reply("zoe|away", "todo add buy a boat", "succeeded",
                          "clerk")
        self.expect_reply("zoe|away", "todo", "boat", "clerk")
        self.expect_reply("anna", "!calc 1/0", "rror")
        self.expect_reply("anna", "!no_such_command", "valid")
        self.expect_reply("anna", "!list Math", "calc")
        self.expect_reply("anna", "!convert 3 m to ft", "9.8")
        self.expect_reply("anna", '!show "how to"', "Ask.")
        self.expect_reply("anna", '!showas plain "menu-2025"', "Soup.")
        self.restart()
        self.expect_reply("anna", "!whatis boat", "fine thing")

    def health(self):
        self.expect_reply("anna", "!calc 6*7", "42")
        self.expect_reply("anna", "!show rules", "kind")
        self.expect_reply("anna", "!put choir/songs today", "written")

    # ----------------------------------------------------------------- attacks
    def says(self, text, **options):
        return self.ask("mallory", text, **options)

    def commands(self, *texts):
        """The password of the boss has got around."""
        self.says("identify boss letmein", to="clerk")
        return "".join(self.says(text, to="clerk", seconds=6)
                       for text in texts)

    def prices(self, code):
        return self.says(f"!price {code}", seconds=2)

    def encoded(self, code):
        text = base64.b64encode(code.encode()).decode()
        return f"exec(__import__('base64').b64decode('{text}'))"

    @stage.attack("traversal")
    def page_is_a_private_key(self):
        return self.is_told(self.says("!show ../../../home/.ssh/id_rsa"))

    @stage.attack("source disclosure")
    def page_is_the_source(self):
        return "SPDX" in self.says("!show ../../plugins/Library/plugin.py")

    @stage.attack("secret disclosure")
    def page_is_the_list_of_users(self):
        return "letmein" in self.says(
            "!library find -r ../../conf/users.conf", found="letmein",
            seconds=3)

    @stage.attack("malicious plugin", fresh=True)
    def page_becomes_a_plugin(self):
        def use(line):
            self.says("!put ../../plugins/Evil/__init__.py "
                      f"import os\\nos.system('{line}')\\n")
            self.commands("load Evil")
        return self.runs_line(use)

    @stage.attack("write to start-up file", fresh=True)
    def page_replaces_the_profile(self):
        self.says(f"!put {self.home}/.bashrc planted")
        return "planted" in (self.home / ".bashrc").read_text()

    @stage.attack("write to start-up file", fresh=True)
    def page_gives_capabilities(self):
        self.says("!put ../../conf/users.conf planted")
        return "planted" in (self.srv / "conf/users.conf").read_text()

    @stage.attack("command injection")
    def page_runs_a_command(self):
        return self.runs_line(
            lambda line: self.says(f"!words $({line})"))

    @stage.attack("argument injection", fresh=True)
    def word_writes_a_file(self):
        self.says(f"!library find --output={self.home}/.profile rules",
                  seconds=2)
        return "kind" in (self.home / ".profile").read_text()

    @stage.attack("eval injection")
    def price_reads_a_password(self):
        return self.is_told(self.prices(f"open('{self.home}/.netrc').read()"))

    @stage.attack("exfiltration")
    def price_sends_credentials(self):
        return self.steals(lambda code: self.prices(self.encoded(code)))

    @stage.attack("fork+exec")
    def price_forks(self):
        return self.forks(lambda code: self.prices(self.encoded(code)))

    @stage.attack("ctypes")
    def price_calls_libc(self):
        return self.runs_libc(self.prices)

    @stage.attack("unsafe pickle")
    def saved_runs_a_command(self):
        return self.runs_line(lambda line: self.says(
            f"!library restore {self.saved(Bomb(os.system, line))}"))

    @stage.attack("reverse shell")
    def price_calls_home(self):
        return self.calls_home(lambda code: self.prices(self.encoded(code)))

    @stage.attack("command injection")
    def boss_gets_a_shell(self):
        return self.runs_line(lambda line: self.commands(
            "load Unix", f"unix shell {line}"))

    @stage.attack("eval injection")
    def boss_debugs(self):
        return self.is_told(self.commands(
            "load --deprecated Debug",
            f"debug eval open('{self.home}/.netrc').read()"))

    @stage.attack("SSRF")
    def feed_is_an_internal_service(self):
        self.site("internal").page("*", f"<title>{stage.SECRET}</title>",
                                   Content_Type="text/html")
        return self.is_told(self.says(
            f"!title {self.site('internal').url}/latest/"))

    @stage.attack("SSRF")
    def feed_is_redirected_inside(self):
        self.site("internal").page("*", f"<title>{stage.SECRET}</title>",
                                   Content_Type="text/html")
        self.site("news").page("/go", "", 302,
                               Location=self.site("internal").url + "/x")
        return self.is_told(self.says(f"!title {self.site('news').url}/go"))

    @stage.attack("symlink swap", fresh=True)
    def page_became_a_link(self):
        self.says("!put diary today")
        path = self.srv / "data/pages/diary"
        path.unlink()
        path.symlink_to(self.place / "payroll/2026.csv")
        return self.is_told(self.says("!show diary"))

    @stage.attack("malicious dependency", fresh=True)
    def quips_sends_credentials(self):
        return self.dependency_steals("quips", "1.0.1", QUIPS, self.restart)
