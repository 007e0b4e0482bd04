# SPDX-License-Identifier: Apache-2.0
"""python3 -m mosses --config site.yaml --port 8080"""
import argparse
import logging

from aiohttp import web

from mosses.site import make_app


def main():
    parser = argparse.ArgumentParser(prog="mosses")
    parser.add_argument("--config", default="site.yaml")
    parser.add_argument("--port", type=int, default=8080)
    options = parser.parse_args()
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(name)s %(message)s",
        handlers=[logging.FileHandler("var/site.log"),
                  logging.StreamHandler()])
    web.run_app(make_app(options.config), host="127.0.0.1",
                port=options.port, print=None)


main()
