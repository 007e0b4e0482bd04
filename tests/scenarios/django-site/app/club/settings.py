# SPDX-License-Identifier: Apache-2.0
"""Settings of a club's site."""
import pathlib

BASE_DIR = pathlib.Path(__file__).resolve().parent.parent
VAR = BASE_DIR / "var"
SECRET_KEY = (BASE_DIR / "secret.key").read_text().strip()
DEBUG = False
ALLOWED_HOSTS = ["127.0.0.1"]
INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes",
                  "django.contrib.sessions"]
MIDDLEWARE = ["django.contrib.sessions.middleware.SessionMiddleware",
              "django.middleware.common.CommonMiddleware",
              "django.contrib.auth.middleware.AuthenticationMiddleware"]
ROOT_URLCONF = "club.views"
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates",
              "DIRS": [BASE_DIR / "club/templates"],
              "OPTIONS": {"context_processors": [
                  "django.contrib.auth.context_processors.auth"]}}]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3",
                         "NAME": VAR / "club.sqlite3"}}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
SESSION_ENGINE = "django.contrib.sessions.backends.file"
SESSION_FILE_PATH = str(VAR / "sessions")
EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
EMAIL_FILE_PATH = str(VAR / "outbox")
MEDIA_ROOT = VAR / "media"
FILE_UPLOAD_MAX_MEMORY_SIZE = 200000
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
LOGGING = {
    "version": 1, "disable_existing_loggers": False,
    "handlers": {"file": {"class": "logging.FileHandler",
                          "filename": str(VAR / "site.log")}},
    "loggers": {"django": {"handlers": ["file"], "level": "INFO"}},
}
