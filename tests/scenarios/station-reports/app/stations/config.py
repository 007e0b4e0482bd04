# SPDX-License-Identifier: Apache-2.0
"""The settings file, and where things are."""
import logging
import logging.handlers
import pathlib

import pydantic
import yaml

HERE = pathlib.Path(__file__).resolve().parent.parent


class Seed(pydantic.BaseModel):
    user: str
    password: str
    station: str


class Settings(pydantic.BaseModel):
    title: str
    data: str
    secret_file: str
    token_minutes: int
    bcrypt_rounds: int
    seed: Seed
    rotate_every: float
    retry_every: float
    raw_age: float
    log_bytes: int


with open(HERE / "settings.yaml", encoding="utf-8") as _file:
    settings = Settings(**yaml.safe_load(_file))

SECRET = (HERE / settings.secret_file).read_text().strip()
DATA = HERE / settings.data
RAW = DATA / "raw"
FILES = DATA / "files"
REPORTS = DATA / "reports"
ARCHIVE = DATA / "archive"
CONFIG = DATA / "config"
PLUGINS = HERE / "plugins"

for _folder in (RAW, FILES, REPORTS, ARCHIVE, CONFIG):
    _folder.mkdir(parents=True, exist_ok=True)

_handler = logging.handlers.RotatingFileHandler(
    DATA / "service.log", maxBytes=settings.log_bytes, backupCount=3)
_handler.setFormatter(logging.Formatter("%(asctime)s %(name)s %(message)s"))
log = logging.getLogger("stations")
log.setLevel(logging.INFO)
log.addHandler(_handler)
