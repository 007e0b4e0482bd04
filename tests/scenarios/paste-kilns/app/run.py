# SPDX-License-Identifier: Apache-2.0
"""Serves the studio: run.py CONFIG --port N."""
import argparse
import logging
import logging.handlers
import os
import signal

from paste.deploy import loadapp, loadserver

HERE = os.path.dirname(os.path.abspath(__file__))


def end(*_):
    raise KeyboardInterrupt


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("config")
    parser.add_argument("--port", default="8080")
    options = parser.parse_args()
    handler = logging.handlers.RotatingFileHandler(
        os.path.join(HERE, "var/log/access.log"), maxBytes=5000,
        backupCount=3)
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    signal.signal(signal.SIGTERM, end)
    config = "config:" + options.config
    known = {"listen": options.port}
    app = loadapp(config, relative_to=HERE, global_conf=known)
    serve = loadserver(config, relative_to=HERE, global_conf=known)
    serve(app)


if __name__ == "__main__":
    main()
