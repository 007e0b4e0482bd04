"""The greenhouse daemon's control command.

usage: ghctl.py [-c FILE] readings HOUSE DAY [--sensor NAME] [--limit N]
                [--reverse] [--output FILE]
       ghctl.py [-c FILE] check-rules FILE
       ghctl.py [-c FILE] report DAY [--as SUFFIX]
       ghctl.py [-c FILE] reload
"""
import argparse
import csv
import json
import os
import signal
import sys
import threading

import yaml

from greenhouse import store
from greenhouse.config import Config


def readings(config, options):
    rows = [row[1:] for row in store.readings(config, options.day,
                                              options.house)
            if options.sensor in (None, row[1])]
    if options.reverse:
        rows.reverse()
    rows = rows[:options.limit]
    if options.output:
        with open(options.output, "w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows(rows)
    else:
        csv.writer(sys.stdout).writerows(rows)
    print(len(rows), "readings")


def check_rules(_, options):
    with open(options.file, encoding="utf-8") as file:
        rules = yaml.safe_load(file)
    for rule in rules:
        compile(rule["when"], options.file, "eval")
    print(len(rules), "rules are fine")


def report(config, options):
    import paho.mqtt.client as mqtt
    answers = []
    done = threading.Event()
    topic = "greenhouse/answer/ctl-%d" % os.getpid()

    def on_message(_client, _userdata, message):
        answers.append(message.payload)
        done.set()

    client = mqtt.Client()
    client.on_message = on_message
    client.on_connect = lambda *_: client.subscribe(topic, 1)
    client.on_subscribe = lambda *_: client.publish(
        topic.replace("answer", "ask"), json.dumps(
            {"want": "report", "day": options.day, "as": options.suffix}), 1)
    client.connect(config["broker"]["host"], config["broker"]["port"])
    client.loop_start()
    done.wait(10)
    client.disconnect()
    client.loop_stop()
    print(answers[0].decode() if answers else "no answer")


def reload(config, _):
    pid = int(config.var("run", "greenhoused.pid").read_text())
    os.kill(pid, signal.SIGHUP)
    print("told", pid)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("-c", "--config", default="etc/greenhouse.yaml")
    commands = parser.add_subparsers(required=True)
    command = commands.add_parser("readings")
    command.add_argument("house")
    command.add_argument("day")
    command.add_argument("--sensor")
    command.add_argument("--limit", type=int)
    command.add_argument("--reverse", action="store_true")
    command.add_argument("--output")
    command.set_defaults(call=readings)
    command = commands.add_parser("check-rules")
    command.add_argument("file")
    command.set_defaults(call=check_rules)
    command = commands.add_parser("report")
    command.add_argument("day")
    command.add_argument("--as", dest="suffix", default="txt")
    command.set_defaults(call=report)
    command = commands.add_parser("reload")
    command.set_defaults(call=reload)
    options = parser.parse_args()
    options.call(Config(options.config), options)


if __name__ == "__main__":
    main()
