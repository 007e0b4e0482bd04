# SPDX-License-Identifier: Apache-2.0
import os
import pathlib

BASE = pathlib.Path(__file__).resolve().parent.parent
VAR = BASE / "var"
SECRET_KEY = (BASE / "secrets/key.txt").read_text()
INSTALLED_APPS = ["django_q", "office"]
DATABASES = {"default": {
    "ENGINE": "django.db.backends.sqlite3", "NAME": VAR / "office.db",
    "OPTIONS": {"timeout": 30}}}
CACHES = {"default": {
    "BACKEND": "django.core.cache.backends.filebased.FileBasedCache",
    "LOCATION": VAR / "cache"}}
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates",
              "APP_DIRS": True}]
DEFAULT_AUTO_FIELD = "django.db.models.AutoField"
USE_TZ = True
TIME_ZONE = "Europe/Berlin"
EMAIL_HOST = "127.0.0.1"
EMAIL_PORT = int(os.environ["MAIL_PORT"])
Q_CLUSTER = {"name": "office", "orm": "default", "workers": 2, "recycle": 15,
             "timeout": 50, "retry": 60, "poll": 0.1, "ack_failures": True,
             "daemonize_workers": False, "guard_cycle": 0.3,
             "catch_up": False, "label": "Office"}
LOGGING = {
    "version": 1, "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "%(asctime)s %(message)s"}},
    "handlers": {"tasks": {
        "class": "logging.handlers.WatchedFileHandler", "formatter": "plain",
        "filename": VAR / "log/tasks.log"}},
    "loggers": {"office": {"handlers": ["tasks"], "level": "INFO"}}}
