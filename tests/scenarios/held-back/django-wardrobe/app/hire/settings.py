# SPDX-License-Identifier: Apache-2.0
"""Settings of the wardrobe."""
import pathlib

BASE_DIR = pathlib.Path(__file__).resolve().parents[1]
VAR = BASE_DIR / "var"
SECRET_KEY = (VAR / "secret.key").read_text(encoding="ascii").strip()
DEBUG = False
ALLOWED_HOSTS = ["127.0.0.1", "localhost"]
ROOT_URLCONF = "hire.urls"
WSGI_APPLICATION = "hire.wsgi.application"

INSTALLED_APPS = [
    "django.contrib.admin", "django.contrib.auth",
    "django.contrib.contenttypes", "django.contrib.sessions",
    "django.contrib.messages", "django.contrib.staticfiles",
    "django.contrib.humanize", "stock"]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware"]

TEMPLATES = [{
    "BACKEND": "django.template.backends.django.DjangoTemplates",
    "APP_DIRS": True,
    "OPTIONS": {"context_processors": [
        "django.template.context_processors.request",
        "django.contrib.auth.context_processors.auth",
        "django.contrib.messages.context_processors.messages"]},
}, {
    "BACKEND": "django.template.backends.jinja2.Jinja2",
    "DIRS": [BASE_DIR / "letters"],
}]

DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3",
                         "NAME": VAR / "hire.db",
                         "OPTIONS": {"timeout": 20}}}
DEFAULT_AUTO_FIELD = "django.db.models.AutoField"
SESSION_ENGINE = "django.contrib.sessions.backends.file"
SESSION_FILE_PATH = VAR / "sessions"
CACHES = {"default": {
    "BACKEND": "django.core.cache.backends.filebased.FileBasedCache",
    "LOCATION": VAR / "cache"}}
EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
EMAIL_FILE_PATH = VAR / "mail"
DEFAULT_FROM_EMAIL = "wardrobe@theatre.example"
MEDIA_ROOT = VAR / "media"
STATIC_URL = "/static/"
LOGIN_REDIRECT_URL = "/"
LOGIN_URL = "/accounts/login/"
LANGUAGE_CODE = "en"
USE_I18N = USE_L10N = USE_TZ = True
TIME_ZONE = "Europe/Berlin"

LOGGING = {
    "version": 1, "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(name)s %(message)s"}},
    "handlers": {"file": {
        "class": "logging.handlers.RotatingFileHandler",
        "filename": VAR / "log/hire.log", "maxBytes": 6000, "backupCount": 2,
        "formatter": "line"}},
    "root": {"handlers": ["file"], "level": "INFO"}}
