"""A choir's own site: scores, rehearsals, letters. Lines marked HOLE are holes."""
import calendar
import csv
import hashlib
import importlib
import io
import json
import logging
import os
import pathlib
import secrets
import subprocess
import sys
import tempfile
import time
import urllib.request

import pitches
import web
import xlsxwriter
import yaml

HERE = pathlib.Path(__file__).resolve().parent
VAR = HERE / "var"
ITERATIONS = 2000

web.config.debug = False
web.config.session_parameters.cookie_name = "choir"
SETTINGS = yaml.safe_load((HERE / "settings.yaml").read_text())
web.config.session_parameters.secret_key = SETTINGS["secret_key"]

urls = (
    "/", "Home", "/login", "Login", "/logout", "Logout",
    "/scores/(.+)/bundle", "Bundle", "/scores/(.+)", "Scores",
    "/rehearsals", "Rehearsals",
    r"/report/(\d+)/(\d+)\.(csv|xlsx)", "Report",
    "/letter", "Letter", "/voice/(.+)", "Voice", "/seats", "Seats",
    "/recording", "Recording", "/programme", "Programme",
)
app = web.application(urls, globals())
session = web.session.Session(
    app, web.session.DiskStore(str(VAR / "sessions")),
    initializer={"user": "", "seen": 0})
database = web.database(dbn="sqlite", db=str(VAR / "choir.db"))
pages = web.template.render(
    str(HERE / "templates"), base="base",
    globals={"session": session, "calendar": calendar})
log = logging.getLogger("choir")


def digest(name, password):
    return hashlib.pbkdf2_hmac("sha256", password.encode(), name.encode(),
                               ITERATIONS).hex()


def member():
    if not session.get("user"):
        raise web.Forbidden()
    return session.user


def notfound():
    return web.notfound("no such page here")


def internalerror():
    log.exception("at %s", web.ctx.path)
    return web.internalerror("something went wrong")


app.notfound = notfound
app.internalerror = internalerror


class Home:
    def GET(self):
        session.seen += 1
        pieces = [row.piece for row in database.query(
            "select distinct piece from scores order by piece")]
        return pages.home(pieces)


class Login:
    def GET(self):
        return pages.login()

    def POST(self):
        form = web.input(user="", password="")
        rows = list(database.select(
            "members", where="name = $name", vars={"name": form.user}))
        if not rows or not secrets.compare_digest(
                rows[0].password, digest(form.user, form.password)):
            log.warning("refused %r", form.user)
            raise web.Forbidden()
        session.user = form.user
        log.info("%s came in", form.user)
        raise web.seeother("/")


class Logout:
    def POST(self):
        session.kill()
        raise web.seeother("/")


class Scores:
    def place(self, piece):
        return VAR / "scores" / web.safestr(piece)

    def GET(self, piece):
        member()
        name = web.input(name="").name
        if not name:
            return pages.scores(piece, list(database.select(
                "scores", where="piece = $piece", order="name",
                vars={"piece": piece})))
        web.header("Content-Type", "application/octet-stream")
        return (self.place(piece) / name).read_bytes()  # HOLE

    def POST(self, piece):
        who = member()
        form = web.input(file={})
        target = self.place(piece) / form.file.filename  # HOLE
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(
                dir=VAR / "incoming", prefix="score-", delete=False) as part:
            while block := form.file.file.read(65536):
                part.write(block)
        os.replace(part.name, target)
        kind = subprocess.run(
            ["file", "-b", "--mime-type", target], check=True,
            stdout=subprocess.PIPE).stdout.decode().strip()
        with database.transaction():
            database.insert("scores", piece=piece, name=form.file.filename,
                            kind=kind, member=who)
        log.info("%s brought %s for %s", who, form.file.filename, piece)
        return kind


class Bundle:
    def GET(self, piece):
        member()
        names = web.input(name=[]).name
        place = VAR / "scores" / piece
        bundle = VAR / "bundles" / f"{secrets.token_hex(8)}.zip"
        subprocess.run(  # HOLE
            f"zip -q {bundle} " + " ".join(names), shell=True, cwd=place,
            check=True)
        web.header("Content-Type", "application/zip")
        try:
            return bundle.read_bytes()
        finally:
            bundle.unlink()


class Rehearsals:
    def GET(self):
        member()
        return pages.rehearsals(list(database.select(
            "rehearsals", order="day")))

    def POST(self):
        member()
        form = web.input(day="", place="", present=[])
        with database.transaction():
            for name in form.present:
                database.insert("rehearsals", day=form.day, place=form.place,
                                member=name)
        return f"{len(form.present)} were there"


class Report:
    def GET(self, year, month, kind):
        member()
        month = int(month)
        rows = list(database.query(
            "select member, count(*) as times from rehearsals where day like "
            "$month group by member order by member",
            vars={"month": f"{year}-{month:02}-%"}))
        if kind == "csv":
            out = io.StringIO()
            writer = csv.writer(out)
            writer.writerow(["member", "times"])
            writer.writerows((row.member, row.times) for row in rows)
            web.header("Content-Type", "text/csv")
            return out.getvalue()
        kept = VAR / "reports" / str(year) / f"{month:02}.xlsx"
        kept.parent.mkdir(parents=True, exist_ok=True)
        with xlsxwriter.Workbook(str(kept)) as book:
            sheet = book.add_worksheet(calendar.month_name[month])
            bold = book.add_format({"bold": True})
            sheet.write_row(0, 0, ["member", "times"], bold)
            for number, row in enumerate(rows, 1):
                sheet.write_row(number, 0, [row.member, row.times])
        web.header("Content-Type", "application/vnd.openxmlformats-"
                   "officedocument.spreadsheetml.sheet")
        return kept.read_bytes()


class Letter:
    def POST(self):
        who = member()
        text = web.input(text="").text
        draft = web.template.Template(  # HOLE
            "$def with (member)\n" + text, globals={"calendar": calendar})
        letter = str(draft(who))
        place = VAR / "letters" / who
        place.mkdir(parents=True, exist_ok=True)
        (place / time.strftime("%Y%m%d-%H%M%S.txt")).write_text(letter)
        return letter


class Voice:
    def GET(self, name):
        member()
        voice = importlib.import_module(f"voices.{name}")  # HOLE
        note = web.input(note="A4").note
        hertz = pitches.hertz(note)
        return f"{note} {hertz:.2f} " + (
            "sings" if voice.LOWEST <= hertz <= voice.HIGHEST else "rests")


class Seats:
    def GET(self):
        member()
        return str(eval(web.input(rows="1").rows))  # HOLE


class Recording:
    def GET(self):
        member()
        url = web.input(url="").url
        with urllib.request.urlopen(url, timeout=5) as answer:  # HOLE
            return answer.read()


class Programme:
    def POST(self):
        member()
        text = web.input(text="").text
        programme = yaml.load(text, yaml.UnsafeLoader)  # HOLE
        name = hashlib.sha1(text.encode()).hexdigest()[:10]
        path = HERE / "programmes" / f"{name}.json"
        path.write_text(json.dumps(programme, default=str))
        return f"{programme['title']}: {len(programme['pieces'])} pieces"


def main(port):
    for name in ("sessions", "scores", "incoming", "bundles", "reports",
                 "letters", "log"):
        (VAR / name).mkdir(parents=True, exist_ok=True)
    logging.basicConfig(
        filename=VAR / "log" / time.strftime("%Y-%m.log"), level=logging.INFO,
        format="%(asctime)s %(levelname)s %(message)s")
    web.httpserver.runsimple(app.wsgifunc(), ("127.0.0.1", port))


if __name__ == "__main__":
    main(int(sys.argv[1]))
