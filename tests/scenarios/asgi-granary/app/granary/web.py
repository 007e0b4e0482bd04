# SPDX-License-Identifier: Apache-2.0
"""Requests, answers and routes of a small ASGI application."""
import json
import mimetypes
import re
import urllib.parse

from multipart.multipart import create_form_parser

ROUTES = []
MEMORY = 20000  # larger uploads are temporary files


class Failure(Exception):
    """An answer that is not what was asked for."""

    def __init__(self, status, text):
        super().__init__(text)
        self.status = status


class Request:
    def __init__(self, scope, receive):
        self.method = scope["method"]
        self.path = scope["path"]
        self.query = urllib.parse.parse_qs(scope["query_string"].decode())
        self.headers = {name.decode().title(): value
                        for name, value in scope["headers"]}
        self.receive = receive
        self.member = None

    def asked(self, name, default=None):
        found = self.query.get(name)
        if not found and default is None:
            raise Failure(400, f"no {name}")
        return found[0] if found else default

    async def parts(self):
        is_more = True
        while is_more:
            message = await self.receive()
            is_more = message.get("more_body", False)
            yield message.get("body", b"")

    async def body(self):
        return b"".join([part async for part in self.parts()])

    async def model(self, kind):
        return kind.parse_raw(await self.body() or b"null")

    async def form(self):
        """Fields and files, by name."""
        fields = {}

        def on_field(field):
            fields[field.field_name.decode()] = field.value.decode()

        def on_file(file):
            fields[file.field_name.decode()] = file

        parser = create_form_parser(self.headers, on_field, on_file, config={
            "MAX_MEMORY_FILE_SIZE": MEMORY})
        async for part in self.parts():
            parser.write(part)
        parser.finalize()
        return fields


class Answer:
    def __init__(self, body=b"", status=200, kind="application/octet-stream"):
        self.body = body.encode() if isinstance(body, str) else body
        self.status = status
        self.kind = kind

    async def send(self, send):
        await send({"type": "http.response.start", "status": self.status,
                    "headers": [(b"content-type", self.kind.encode()),
                                (b"content-length",
                                 str(len(self.body)).encode())]})
        await send({"type": "http.response.body", "body": self.body})


def as_json(value, status=200):
    return Answer(json.dumps(value), status, "application/json")


def as_file(path):
    kind = mimetypes.guess_type(str(path))[0] or "application/octet-stream"
    with open(path, "rb") as file:
        return Answer(file.read(), kind=kind)


def route(method, pattern, is_office=False, is_open=False):
    def mark(function):
        ROUTES.append((method, re.compile(pattern), is_office, is_open,
                       function))
        return function
    return mark


def find(request):
    """The handler, what its pattern found, and who may use it."""
    methods = set()
    for method, pattern, is_office, is_open, function in ROUTES:
        if found := pattern.fullmatch(request.path):
            if method == request.method:
                return function, found.groupdict(), is_office, is_open
            methods.add(method)
    if methods:
        raise Failure(405, ", ".join(sorted(methods)))
    raise Failure(404, "no such page")
