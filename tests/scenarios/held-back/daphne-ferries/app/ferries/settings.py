# SPDX-License-Identifier: Apache-2.0
"""Settings of the project."""
import json
import pathlib

BASE_DIR = pathlib.Path(__file__).resolve().parent.parent
VAR = BASE_DIR / "var"

SECRET_KEY = json.loads(
    (BASE_DIR / "instance/secret.json").read_text())["SECRET_KEY"]
DEBUG = False
ALLOWED_HOSTS = ["127.0.0.1", "localhost"]
ROOT_URLCONF = "ferries.urls"
APPEND_SLASH = False
INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes",
                  "harbour"]
MIDDLEWARE = ["django.middleware.security.SecurityMiddleware",
              "django.middleware.locale.LocaleMiddleware",
              "django.middleware.common.CommonMiddleware"]
TEMPLATES = [
    {"BACKEND": "django.template.backends.django.DjangoTemplates",
     "DIRS": [BASE_DIR / "templates"]},
    {"BACKEND": "django.template.backends.jinja2.Jinja2", "NAME": "hooks",
     "DIRS": [], "OPTIONS": {"autoescape": False}}]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3",
                         "NAME": VAR / "ferries.sqlite3"}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
CACHES = {"default": {
    "BACKEND": "django.core.cache.backends.filebased.FileBasedCache",
    "LOCATION": VAR / "cache", "TIMEOUT": 60}}
MEDIA_ROOT = VAR / "papers"
LANGUAGE_CODE = "en"
TIME_ZONE = "Europe/Stockholm"
USE_I18N = USE_L10N = USE_TZ = True
LOGGING = {
    "version": 1, "disable_existing_loggers": False,
    "formatters": {"line": {
        "format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"file": {
        "class": "logging.handlers.RotatingFileHandler", "formatter": "line",
        "filename": VAR / "log/ferries.log", "maxBytes": 800,
        "backupCount": 2}},
    "loggers": {"harbour": {"handlers": ["file"], "level": "INFO"},
                "django": {"handlers": ["file"], "level": "WARNING"}}}
