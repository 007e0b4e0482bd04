"""Notices and what is attached to them, in a directory for every day."""
import email.message
import hashlib
import json
import pathlib
import sqlite3
import subprocess
import urllib.parse
import zipfile

ARCHIVE = pathlib.Path("var/archive")
SCHEMA = """
CREATE TABLE IF NOT EXISTS notices(
    url TEXT PRIMARY KEY, portal TEXT, date TEXT, title TEXT, fee REAL,
    topic TEXT, directory TEXT, excerpt TEXT);
CREATE TABLE IF NOT EXISTS files(url TEXT PRIMARY KEY, sha256 TEXT, path TEXT);
"""


class Archive:
    def __init__(self):
        pathlib.Path("var").mkdir(exist_ok=True)
        self.db = sqlite3.connect("var/notices.db")
        self.db.executescript(SCHEMA)

    def knows(self, url):
        return self.db.execute("SELECT 1 FROM notices WHERE url=?",
                               (url,)).fetchone() is not None

    def directory(self, portal, notice):
        slug = "-".join("".join(
            letter if letter.isalnum() else " "
            for letter in notice["title"].lower()).split()[:5])
        return ARCHIVE / notice["date"].strftime("%Y/%m/%d") / portal / slug

    def keep_notice(self, portal, notice, topic, excerpt):
        place = self.directory(portal, notice)
        place.mkdir(parents=True, exist_ok=True)
        draft = place / "notice.json.new"
        draft.write_text(json.dumps(notice, default=str, indent=1))
        draft.replace(place / "notice.json")
        with self.db:
            self.db.execute(
                "INSERT OR REPLACE INTO notices VALUES(?,?,?,?,?,?,?,?)",
                (notice["url"], portal, str(notice["date"]), notice["title"],
                 notice["fee"], topic, str(place), excerpt))

    def keep_file(self, place, url, answer):
        """A file as the portal calls it; returns where it is."""
        content = answer.read()
        path = place / called(url, answer)  # HOLE: any name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        with self.db:
            self.db.execute(
                "INSERT OR REPLACE INTO files VALUES(?,?,?)",
                (url, hashlib.sha256(content).hexdigest(), str(path)))
        if path.suffix == ".zip":
            unpack(path)
        return path

    def close(self):
        self.db.close()


def called(url, answer):
    header = email.message.Message()
    header["Content-Disposition"] = answer.info().get(
        "Content-Disposition", "inline")
    return (header.get_filename()
            or urllib.parse.unquote(urllib.parse.urlparse(url).path
                                    .rpartition("/")[2]) or "index")


def unpack(path):
    """Beside the archive; zipfile's extract() forgets the time stamps."""
    with zipfile.ZipFile(path) as packed:
        for member in packed.infolist():
            if not member.is_dir():
                target = path.with_suffix("") / member.filename  # HOLE
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(packed.read(member))


def excerpt(path):
    """The first words of a file, for the digest."""
    if path.suffix == ".pdf":
        done = subprocess.run(  # HOLE: quotes
            f'pdftotext -q -l 2 "{path}" - | head -c 300', shell=True,
            stdout=subprocess.PIPE, check=False)
        return done.stdout.decode("utf-8", "replace").strip()
    if path.suffix in (".txt", ".md", ".csv"):
        return path.read_text("utf-8", "replace")[:300]
    return ""
