# SPDX-License-Identifier: Apache-2.0
"""Settings of the site."""
import configparser
import pathlib

BASE = pathlib.Path(__file__).resolve().parent.parent
VAR = BASE / "var"
ini = configparser.ConfigParser()
ini.read(BASE / "conf/site.ini")

SECRET_KEY = ini["site"]["secret"]
ALLOWED_HOSTS = ["127.0.0.1"]
ADMINS = [("Warden", "warden@guild.example")]
SITE_ID = 1
ROOT_URLCONF = "hall.urls"
WSGI_APPLICATION = "hall.wsgi.application"
MEDIA_ROOT = BASE / "media"
MEDIA_URL = "/media/"
STATIC_URL = "/static/"
FILE_UPLOAD_MAX_MEMORY_SIZE = 100_000
DEFAULT_AUTO_FIELD = "django.db.models.AutoField"
TIME_ZONE = "Europe/Stockholm"
USE_I18N = USE_L10N = USE_TZ = True
INSTALLED_APPS = [
    *(f"django.contrib.{name}" for name in (
        "admin", "auth", "contenttypes", "sessions", "messages", "sites")),
    "allauth", "allauth.account", "allauth.socialaccount", "hall"]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware"]
TEMPLATES = [
    {"BACKEND": "django.template.backends.django.DjangoTemplates",
     "DIRS": [BASE / "hall/templates"], "APP_DIRS": True,
     "OPTIONS": {"context_processors": [
         "django.template.context_processors.request",
         "django.contrib.auth.context_processors.auth",
         "django.contrib.messages.context_processors.messages"]}},
    {"BACKEND": "django.template.backends.jinja2.Jinja2", "NAME": "letters"}]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3",
                         "NAME": VAR / "hall.db", "OPTIONS": {"timeout": 20}}}
CACHES = {"default": {
    "BACKEND": "django.core.cache.backends.filebased.FileBasedCache",
    "LOCATION": VAR / "cache"}}
SESSION_ENGINE = "django.contrib.sessions.backends.cached_db"
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}Validator"}
    for name in ("UserAttributeSimilarity", "MinimumLength",
                 "CommonPassword", "NumericPassword")]
ACCOUNT_AUTHENTICATION_METHOD = "username_email"
ACCOUNT_EMAIL_REQUIRED = True
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "http"
LOGIN_REDIRECT_URL = "/me/"
EMAIL_HOST = "127.0.0.1"
EMAIL_PORT = ini.getint("mail", "port")
DEFAULT_FROM_EMAIL = SERVER_EMAIL = "hall@guild.example"
LOGGING = {
    "version": 1, "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(process)d %(message)s"}},
    "handlers": {"file": {"class": "logging.handlers.WatchedFileHandler",
                          "filename": VAR / "log/hall.log",
                          "formatter": "line"}},
    "root": {"handlers": ["file"], "level": "INFO"}}
