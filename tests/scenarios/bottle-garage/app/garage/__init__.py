# SPDX-License-Identifier: Apache-2.0
"""The garage's own application: customers, orders, photos, invoices."""
import configparser
import logging
import logging.handlers
import pathlib

HERE = pathlib.Path(__file__).resolve().parent.parent
VAR = HERE / "var"
settings = configparser.ConfigParser()
settings.read([HERE / "conf/garage.ini", HERE / "conf/local.ini"])


def keep_log(name):
    """The log of one part of the house."""
    log = logging.getLogger(f"garage.{name}")
    if not log.handlers:
        handler = logging.handlers.TimedRotatingFileHandler(
            VAR / "log" / f"{name}.log", when="midnight", backupCount=7)
        handler.setFormatter(logging.Formatter(
            "%(asctime)s %(process)d %(levelname)s %(message)s"))
        log.addHandler(handler)
        log.setLevel("INFO")
    return log
