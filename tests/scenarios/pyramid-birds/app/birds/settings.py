# SPDX-License-Identifier: Apache-2.0
import configparser
import functools
import json


@functools.lru_cache
def read():
    parser = configparser.ConfigParser()
    parser.read("conf.ini")
    return dict(parser["app"])


@functools.lru_cache
def secrets():
    with open("instance/secrets.json", encoding="utf-8") as file:
        return json.load(file)
