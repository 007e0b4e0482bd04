# SPDX-License-Identifier: Apache-2.0
"""What keepers send, and a keeper with a token."""
import datetime
import io
import json
import urllib.parse

from PIL import Image
import openpyxl


def pdf(text):
    """One sheet with a line of text."""
    stream = f"BT /F1 24 Tf 72 700 Td ({text}) Tj ET".encode()
    parts = [b"<</Type/Catalog/Pages 2 0 R>>",
             b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
             b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R"
             b"/Resources<</Font<</F1 5 0 R>>>>>>",
             b"<</Length %d>>stream\n%s\nendstream" % (len(stream), stream),
             b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>"]
    out, places = b"%PDF-1.4\n", []
    for number, part in enumerate(parts, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, part)
    start = len(out)
    out += b"xref\n0 6\n0000000000 65535 f \n" + b"".join(
        b"%010d 00000 n \n" % at for at in places)
    return out + (b"trailer<</Size 6/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n"
                  % start)


def picture(kind, width=160, height=120, mode="RGB"):
    made = io.BytesIO()
    Image.new(mode, (width, height), "#806040" if mode != "L" else 90).save(
        made, kind)
    return made.getvalue()


def book_day(day):
    """What a workbook calls a date."""
    return datetime.datetime(2026, 6, day)


def workbook(rows):
    book, made = openpyxl.Workbook(), io.BytesIO()
    book.active.append(["hive", "day", "kg", "cents"])
    for row in rows:
        book.active.append(row)
    book.save(made)
    return made.getvalue()


class Keeper:
    """Somebody with a token."""

    def __init__(self, browser, token):
        self.browser = browser
        self.headers = {"Authorization": f"Bearer {token}"}

    def get(self, path, **query):
        return self.browser.fetch(
            urllib.parse.quote(path) + ("?" + urllib.parse.urlencode(query)
                                        if query else ""),
            headers=self.headers)

    def post(self, path, **what):
        return self.browser.fetch(
            urllib.parse.quote(path), json.dumps(what).encode(),
            {**self.headers, "Content-Type": "application/json"})

    def upload(self, path, name, content, **form):
        mark = "----scenario"
        body = "".join(
            f'--{mark}\r\nContent-Disposition: form-data; name="{key}"'
            f"\r\n\r\n{value}\r\n" for key, value in form.items()).encode()
        if name is not None:
            body += (f'--{mark}\r\nContent-Disposition: form-data; '
                     f'name="file"; filename="{name}"\r\nContent-Type: '
                     "application/octet-stream\r\n\r\n").encode()
            body += content + b"\r\n"
        return self.browser.fetch(
            urllib.parse.quote(path), body + f"--{mark}--\r\n".encode(),
            {**self.headers,
             "Content-Type": f"multipart/form-data; boundary={mark}"})
