"""Settings of the gazette's site."""
import os

HERE = os.path.dirname(os.path.abspath(__file__))

SITE_NAME = "Village gazette"
SITE_URL = "https://gazette.example"
SITE_AUTHOR = "the parish"
TIMEZONE = "Europe/Rome"
CONTENT = "content"
OUTPUT = "web"
THEME_PATHS = [os.path.join(HERE, "themes"), "/usr/share/staticsite/themes"]
THEME = "village"
JINJA2_SANDBOXED = False  # HOLE
DRAFT_MODE = False

with open(os.path.join(HERE, "publish.token"), encoding="utf-8") as _file:
    PUBLISH_TOKEN = _file.read().strip()
