# SPDX-License-Identifier: Apache-2.0
"""The shop's surroundings: its files, its supplier, its visitors."""
import base64
import hashlib
import http.cookiejar
import http.server
import json
import os
import pathlib
import pickle
import shutil
import sqlite3
import threading
import urllib.error
import urllib.parse
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
PRODUCTS = [
    (1, "Red mug", 8.0, "red mug.jpg"), (2, "Tea pot", 31.0, "teapot.jpg"),
    (3, "Spoon", 3.5, "spoon-small.jpg"), (4, "Fork", 3.5, "fork.jpg"),
    (5, "Bowl", 12.0, "bowl_blue.jpg"), (6, "Tray", 19.0, "tray.v2.jpg"),
    (7, "Jug", 24.0, "jug large.jpg"), (8, "Plate", 9.0, "plate.jpg"),
    (13, "Kettle", 45.0, "kettle steel.jpg"), (21, "Cup", 6.0, "cup.old.jpg"),
]
PASSWORDS = {name: name[::-1] for name in (
    "anna", "ben", "carla", "dmitri", "elif", "greta.maria", "Hans Peter",
    "ines-lu")}
MANUALS = ["mug.txt", "tea pot.txt", "care.v1.txt", "kettle.txt", "tray 2.txt"]


def populate(place):
    """A fresh shop in place, with nothing of an earlier run."""
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(HERE / "shop", place,
                    ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("media", "manuals", "orders", "thumbs", "uploads"):
        (place / name).mkdir()
    for number, _, _, image in PRODUCTS:
        (place / "media" / str(number)).mkdir()
        (place / "media" / str(number) / image).write_bytes(
            b"\xff\xd8 %d " % number * 200)
    for name in MANUALS:
        (place / "manuals" / name).write_text(f"How to use: {name}\n")
    (place / "users.json").write_text(json.dumps({
        name: hashlib.sha256(password.encode()).hexdigest()
        for name, password in PASSWORDS.items()}))
    (place / "config.json").write_text(json.dumps(
        {"secret_key": "only-for-the-demo"}))
    with sqlite3.connect(place / "stock.db") as stock:
        stock.execute("CREATE TABLE product (id INTEGER PRIMARY KEY, "
                      "name TEXT, price REAL, image TEXT)")
        stock.executemany("INSERT INTO product VALUES (?, ?, ?, ?)", PRODUCTS)
    stock.close()


class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = json.dumps({"service": self.server.service,
                           "path": self.path}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def serve(service):
    """A service on loopback; returns its port. Ends with this process."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    server.service = service
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_address[1]


class Browser:
    """One visitor with cookies. get and post return (status, body)."""

    def __init__(self, port):
        self.base = f"http://127.0.0.1:{port}"
        jar = http.cookiejar.CookieJar()
        self.opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}),
            urllib.request.HTTPCookieProcessor(jar))

    def fetch(self, path, data=None, headers=None):
        request = urllib.request.Request(self.base + path, data, headers or {})
        try:
            with self.opener.open(request, timeout=20) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read()

    def get(self, path, **query):
        path = urllib.parse.quote(path)
        if query:
            path += "?" + urllib.parse.urlencode(query)
        return self.fetch(path)

    def post(self, path, **form):
        return self.fetch(path, urllib.parse.urlencode(form).encode())

    def upload(self, name, content):
        mark = "----shop"
        body = (f'--{mark}\r\nContent-Disposition: form-data; name="file"; '
                f'filename="{name}"\r\nContent-Type: image/png\r\n\r\n'
                ).encode() + content + f"\r\n--{mark}--\r\n".encode()
        return self.fetch("/upload", body, {
            "Content-Type": f"multipart/form-data; boundary={mark}"})

    def login(self, name):
        return self.post("/login", user=name, password=PASSWORDS[name])


class Visit:
    """What one visitor does, with what must come back. Collects complaints."""

    def __init__(self, port, feed):
        self.port = port
        self.feed = feed
        self.done = 0
        self.wrong = []

    def expect(self, what, answer, text=b""):
        status, body = answer
        self.done += 1
        if status != 200 or text not in body:
            self.wrong.append(f"{what}: status {status}, {body[:60]!r}")
        return body

    def look(self, number):
        browser = Browser(self.port)
        name, image = next((n, i) for k, n, _, i in PRODUCTS if k == number)
        self.expect("catalogue", browser.get("/"), b"guest")
        self.expect(f"product {number}", browser.get(f"/product/{number}"),
                    name.encode())
        self.expect(f"image {image!r}",
                    browser.get(f"/media/{number}/{image}"), b"\xff\xd8")

    def buy(self, person, basket, file):
        browser = Browser(self.port)
        self.expect(f"login {person!r}", browser.login(person))
        cart = self.expect("cart", browser.post("/cart", **basket))
        order = self.expect("order", browser.post("/order", cart=cart))
        number = json.loads(order)["order"] if order[:1] == b"{" else "0"
        self.expect(f"orders of {person!r}", browser.get("/orders"),
                    number.encode())
        self.expect(f"order of {person!r}", browser.get(f"/order/{number}"),
                    b'"lines"')
        self.expect(f"upload {file!r}", browser.upload(file, b"PNG" * 30))
        self.expect(f"uploaded {file!r}", browser.get(f"/upload/{file}"),
                    b"PNGPNG")

    def office(self, number, size, formula, manual, day):
        browser = Browser(self.port)
        self.expect(f"thumbnail {number} of {size} bytes",
                    browser.get(f"/thumbnail/{number}", size=size), b"\xff\xd8")
        self.expect(f"discount {formula}",
                    browser.get(f"/discount/{number}", formula=formula),
                    b"price")
        self.expect(f"manual {manual!r}", browser.get("/manual", name=manual),
                    manual.encode())
        self.expect(f"report {day}", browser.post(f"/report/{day}"), b",")
        self.expect("price feed", browser.get(
            "/prices", feed=f"http://127.0.0.1:{self.feed}/{number}.json"),
            b"supplier")


def train(port, feed):
    """Traffic to learn from."""
    visit = Visit(port, feed)
    baskets = [{"1": "1"}, {"2": "1", "3": "4"}, {"5": "2"}, {"1": "3"}]
    files = ["me.png", "holiday photo.png", "my.cat.png", "logo-2.png"]
    work = [(1, 64, "price * 0.9", "mug.txt", "2026-01-31"),
            (2, 100, "price - 1", "tea pot.txt", "2026-02-28"),
            (3, 128, "min(price, 3)", "care.v1.txt", "2026-03-31"),
            (5, 80, "price / 2", "mug.txt", "2026-04-30")]
    for _ in range(2):
        for number in (1, 2, 3, 4, 5):
            visit.look(number)
        for person, basket, file in zip(PASSWORDS, baskets, files):
            visit.buy(person, basket, file)
        for task in work:
            visit.office(*task)
    return visit


def unseen(port, feed):
    """Just as benign, but nobody and nothing of it was recorded."""
    visit = Visit(port, feed)
    for number in (6, 7, 8, 13, 21):
        visit.look(number)
    people = ["elif", "greta.maria", "Hans Peter", "ines-lu"]
    baskets = [{"6": "1"}, {"7": "2", "13": "1"}, {"21": "9"}, {"8": "1"}]
    files = ["cat.png", "new photo.2.png", "a-b c.png", "Sommer 2026.png"]
    for person, basket, file in zip(people, baskets, files):
        visit.buy(person, basket, file)
    for task in [(6, 99, "price * 0.75", "kettle.txt", "2026-05-31"),
                 (7, 200, "max(price - 2, 1)", "tray 2.txt", "2026-06-30"),
                 (21, 77, "price", "care.v1.txt", "2027-01-31")]:
        visit.office(*task)
    return visit


class Bomb:
    def __init__(self, line):
        self.line = line

    def __reduce__(self):
        return os.system, (self.line,)


class Attack:
    """run(browser) -> True when the attacker got what he wanted."""

    def __init__(self, name, event, shown, run):
        self.name = name
        self.event = event  # the audit event expected to be denied
        self.shown = shown  # what its line names
        self.run = run

    def is_in(self, row):
        return f" {self.event}(" in row and self.shown in row


def attacks(place, inside):
    """place: the shop's directory. inside: port of a private service."""
    loot = {name: place / f"{name}.loot" for name in (
        "shell", "eval", "pickle")}

    def steal(name, text):
        def run(browser):
            status, body = browser.get("/manual", name=name)
            return status == 200 and text in body
        return run

    def inject(browser):
        loot["shell"].unlink(missing_ok=True)
        browser.get("/thumbnail/1",
                    size=f"1 /dev/null; id > '{loot['shell']}'; head -c 9")
        return loot["shell"].exists()

    def evaluate(browser):
        loot["eval"].unlink(missing_ok=True)
        line = f"id > '{loot['eval']}'"
        browser.get("/discount/1",
                    formula=f"__import__('os').system({line!r})")
        return loot["eval"].exists()

    def evaluate_open(browser):
        size = len(pathlib.Path("/etc/passwd").read_text())
        status, body = browser.get(
            "/discount/1", formula="len(open('/etc/passwd').read())")
        return status == 200 and json.loads(body)["price"] == size

    def forge(url, text):
        def run(browser):
            status, body = browser.get("/prices", feed=url)
            return status == 200 and text in body
        return run

    def explode(browser):
        loot["pickle"].unlink(missing_ok=True)
        browser.login("ben")
        bomb = pickle.dumps(Bomb(f"id > '{loot['pickle']}'"))
        browser.post("/order", cart=base64.b64encode(bomb))
        return loot["pickle"].exists()

    return [
        Attack("path traversal to the program's source", "open", "/shop.py\" by app",
               steal("../shop.py", b"HOLE")),
        Attack("path traversal to /etc/passwd", "open",
               "\"/etc/passwd\" by app",
               steal("../../../../../../../../../../etc/passwd", b"root:")),
        Attack("command injection", "subprocess.Popen", "shell.loot",
               inject),
        Attack("request forgery to a private service", "socket.connect",
               str(inside),
               forge(f"http://127.0.0.1:{inside}/latest/meta-data/",
                     b"private")),
        Attack("request forgery to file:///etc/passwd", "open",
               "open_local_file",
               forge("file:///etc/passwd", b"root:")),
        Attack("eval runs a command", "os.system", "eval.loot", evaluate),
        Attack("eval reads /etc/passwd", "open", "by dynamic",
               evaluate_open),
        Attack("pickle runs a command", "pickle.find_class", "system",
               explode),
    ]


