"""Receives messages in a thread of paho's and handles them in the main one."""
import json
import logging
import logging.handlers
import os
import queue
import signal
import time

import paho.mqtt.client as mqtt

from greenhouse import plugins
from greenhouse.config import Config

log = logging.getLogger("greenhouse")


class Daemon:
    def __init__(self, path):
        self.config = Config(path)
        self.inbox = queue.Queue()
        self.must_reload = False
        self.must_end = False
        self.last_report = ""
        self.plugins = {}
        self.client = mqtt.Client("greenhoused-%d" % os.getpid())
        self.client.on_connect = self.on_connect
        self.client.on_message = self.on_message

    # --------------------------------------------------------------- its life
    def run(self):
        self.log_to_file()
        signal.signal(signal.SIGHUP, self.on_signal)
        signal.signal(signal.SIGTERM, self.on_signal)
        signal.signal(signal.SIGINT, self.on_signal)
        self.plugins = plugins.load(self)
        pidfile = self.config.var("run", "greenhoused.pid")
        pidfile.write_text(f"{os.getpid()}\n")
        self.client.reconnect_delay_set(1, 2)
        self.client.connect(self.config["broker"]["host"],
                            self.config["broker"]["port"], keepalive=30)
        self.client.loop_start()
        while not self.must_end:
            self.step()
        self.client.disconnect()
        self.client.loop_stop()
        pidfile.unlink()
        log.info("ended")

    def log_to_file(self):
        handler = logging.handlers.RotatingFileHandler(
            self.config.var("log", "greenhoused.log"), maxBytes=6000,
            backupCount=3, encoding="utf-8")
        handler.setFormatter(logging.Formatter(
            "%(asctime)s %(name)s %(levelname)s %(message)s"))
        logging.getLogger().addHandler(handler)
        logging.getLogger().setLevel(logging.INFO)

    def step(self):
        if self.must_reload:
            self.must_reload = False
            self.reload()
        if time.strftime("%H:%M") == self.config.get("report_at"):
            self.nightly()
        try:
            message = self.inbox.get(timeout=0.2)
        except queue.Empty:
            return
        try:
            self.dispatch(message)
        except Exception:  # a sensor's nonsense ends no daemon
            log.exception("on %s", message.topic)

    def reload(self):
        self.config.read()
        self.plugins = plugins.load(self)
        log.info("reloaded, %d plugins", len(self.plugins))

    def nightly(self):
        day = time.strftime("%Y-%m-%d")
        if day != self.last_report:
            self.last_report = day
            self.ask({"want": "report", "day": day, "as": "html"})

    def on_signal(self, number, _):
        if number == signal.SIGHUP:
            self.must_reload = True
        else:
            self.must_end = True

    # --------------------------------------------------------------- messages
    def on_connect(self, client, _userdata, _flags, code):
        log.info("connected: %s", mqtt.connack_string(code))
        client.subscribe("greenhouse/#", qos=1)

    def on_message(self, _client, _userdata, message):
        if not message.topic.startswith("greenhouse/answer/"):
            self.inbox.put(message)

    def dispatch(self, message):
        _, house, *rest = message.topic.split("/")
        if house == "ask":
            self.reply(rest[0], json.loads(message.payload))
            return
        log.info("%s: %d bytes on %s", house, len(message.payload), rest[0])
        for plugin in self.plugins.values():
            if rest[0] in plugin.topics:
                plugin.handle(house, rest, message.payload)

    def reply(self, number, request):
        try:
            answer = self.ask(request)
        except Exception as error:
            log.warning("asked %s: %s: %s", request, type(error).__name__,
                        error)
            answer = f"error: {type(error).__name__}".encode()
        self.client.publish("greenhouse/answer/" + number, answer, qos=1)

    def ask(self, request):
        want = request["want"]
        if want == "plugins":
            return " ".join(sorted(self.plugins)).encode()
        for plugin in self.plugins.values():
            if want in plugin.asks:
                return plugin.answer(want, request)
        raise LookupError(want)

    def publish(self, house, event):
        """For plugins that listen to others."""
        for plugin in self.plugins.values():
            if event["topic"] in plugin.topics:
                plugin.handle(house, [event["topic"]], event)
