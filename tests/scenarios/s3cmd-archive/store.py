# SPDX-License-Identifier: Apache-2.0
"""A small S3-compatible server, in the thread of whoever plays."""
import hashlib
import http.server
import threading
import time
import urllib.parse
from xml.sax.saxutils import escape

OWNER = "<Owner><ID>archive</ID><DisplayName>archive</DisplayName></Owner>"
PRIVATE = ("<AccessControlPolicy>" + OWNER + "<AccessControlList><Grant>"
           '<Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
           'xsi:type="CanonicalUser"><ID>archive</ID><DisplayName>archive'
           "</DisplayName></Grantee><Permission>FULL_CONTROL</Permission>"
           "</Grant></AccessControlList></AccessControlPolicy>").encode()
KEPT_HEADERS = ("content-type", "cache-control", "x-amz-meta-s3cmd-attrs",
                "x-amz-storage-class")
# What a bucket or an object may have beside what is in it.
EXTRAS = {"policy": "NoSuchBucketPolicy", "cors": "NoSuchCORSConfiguration",
          "lifecycle": "NoSuchLifecycleConfiguration"}


class Thing:
    """An object: bytes and headers."""

    def __init__(self, data, headers=(), etag=""):
        self.data = data
        self.headers = {name.lower(): value for name, value in dict(
            headers).items() if name.lower() in KEPT_HEADERS}
        self.etag = etag or hashlib.md5(data).hexdigest()
        self.time = time.time()

    def described(self, key):
        date = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(self.time))
        return (f"<Contents><Key>{escape(key)}</Key><LastModified>{date}"
                f"</LastModified><ETag>&quot;{self.etag}&quot;</ETag><Size>"
                f"{len(self.data)}</Size><StorageClass>STANDARD</StorageClass>"
                "</Contents>")


class Answer(http.server.BaseHTTPRequestHandler):
    """One connection."""
    protocol_version = "HTTP/1.1"

    def handle_one(self):
        path, _, query = self.path.partition("?")
        bucket, _, key = urllib.parse.unquote(path)[1:].partition("/")
        self.asked = dict(urllib.parse.parse_qsl(query, True))
        self.body = self.rfile.read(
            int(self.headers.get("Content-Length") or 0))
        if not bucket:
            return self.list_buckets()
        if bucket in self.server.moved:
            return self.answer(301, "<Error><Code>PermanentRedirect</Code>"
                               f"<Bucket>{bucket}</Bucket><Endpoint>"
                               f"{self.server.moved[bucket]}</Endpoint>"
                               "</Error>")
        if key:
            return self.with_object(bucket, key)
        return self.with_bucket(bucket)

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = handle_one

    def answer(self, status, body=b"", **headers):
        if isinstance(body, str):
            body = body.encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def refuse(self, status, code):
        self.answer(status, f"<Error><Code>{code}</Code><Message>{code}"
                    f"</Message><Resource>{escape(self.path)}</Resource>"
                    "</Error>")

    def list_buckets(self):
        self.answer(200, "<ListAllMyBucketsResult>" + OWNER + "<Buckets>"
                    + "".join(f"<Bucket><Name>{name}</Name><CreationDate>"
                              "2025-02-03T10:00:00.000Z</CreationDate>"
                              "</Bucket>" for name in self.server.buckets)
                    + "</Buckets></ListAllMyBucketsResult>")

    def with_extra(self, name, missing=404):
        """acl, policy, cors or lifecycle of what is asked about."""
        kept = (self.path.partition("?")[0], name)
        if self.command == "PUT":
            self.server.extras[kept] = self.body
            return self.answer(200)
        if self.command == "DELETE":
            self.server.extras.pop(kept, None)
            return self.answer(204)
        if kept in self.server.extras:
            return self.answer(200, self.server.extras[kept])
        if name == "acl":
            return self.answer(200, PRIVATE)
        return self.refuse(missing, EXTRAS[name])

    # ----------------------------------------------------------------- buckets
    def with_bucket(self, bucket):
        buckets = self.server.buckets
        if self.command == "PUT" and not self.asked:
            buckets.setdefault(bucket, {})
            return self.answer(200)
        if bucket not in buckets:
            return self.refuse(404, "NoSuchBucket")
        for name in ("acl", *EXTRAS):
            if name in self.asked:
                return self.with_extra(name)
        if "location" in self.asked:
            return self.answer(200, "<LocationConstraint/>")
        if "requestPayment" in self.asked:
            return self.answer(200, "<RequestPaymentConfiguration><Payer>"
                               "BucketOwner</Payer>"
                               "</RequestPaymentConfiguration>")
        if "delete" in self.asked:
            return self.delete_many(buckets[bucket])
        if self.command == "DELETE":
            if buckets[bucket]:
                return self.refuse(409, "BucketNotEmpty")
            del buckets[bucket]
            return self.answer(204)
        return self.list_objects(buckets[bucket])

    def delete_many(self, things):
        for part in self.body.decode().split("<Key>")[1:]:
            key = part.partition("</Key>")[0].replace("&lt;", "<").replace(
                "&gt;", ">").replace("&amp;", "&")
            things.pop(key, None)
        self.answer(200, "<DeleteResult/>")

    def list_objects(self, things):
        prefix = self.asked.get("prefix", "")
        split = self.asked.get("delimiter", "")
        most = int(self.asked.get("max-keys", 1000))
        found, folders = [], set()
        for key in sorted(things):
            if not key.startswith(prefix):
                continue
            rest = key[len(prefix):]
            if split and split in rest:
                folders.add(prefix + rest.partition(split)[0] + split)
            else:
                found.append(things[key].described(key))
        self.answer(200, "<ListBucketResult><IsTruncated>"
                    + ("true" if len(found) > most else "false")
                    + "</IsTruncated>" + "".join(found[:most]) + "".join(
                        f"<CommonPrefixes><Prefix>{escape(name)}</Prefix>"
                        "</CommonPrefixes>" for name in sorted(folders))
                    + "</ListBucketResult>")

    # ----------------------------------------------------------------- objects
    def with_object(self, bucket, key):
        if bucket not in self.server.buckets:
            return self.refuse(404, "NoSuchBucket")
        things = self.server.buckets[bucket]
        if "acl" in self.asked or "policy" in self.asked or (
                "cors" in self.asked):
            return self.with_extra(next(iter(self.asked)))
        if self.command == "POST":
            return self.with_parts(things, bucket, key)
        if self.command == "PUT":
            return self.put(things, key)
        if self.command == "DELETE":
            things.pop(key, None)
            return self.answer(204)
        if key not in things:
            return self.refuse(404, "NoSuchKey")
        return self.give(things[key])

    def give(self, thing):
        start = int((self.headers.get("Range") or "bytes=0-")[6:].partition(
            "-")[0])
        date = time.strftime("%a, %d %b %Y %H:%M:%S GMT",
                             time.gmtime(thing.time))
        body = thing.data[start:]
        self.send_response(206 if start else 200)
        for name, value in {"ETag": f'"{thing.etag}"', "Last-Modified": date,
                            "Content-Length": len(body),
                            **thing.headers}.items():
            self.send_header(name, str(value))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    def put(self, things, key):
        if "partNumber" in self.asked:
            parts = self.server.uploads[self.asked["uploadId"]][1]
            parts[int(self.asked["partNumber"])] = self.body
            return self.answer(200, ETag=hashlib.md5(self.body).hexdigest())
        source = self.headers.get("x-amz-copy-source")
        if not source:
            things[key] = Thing(self.body, self.headers)
            return self.answer(200, ETag=f'"{things[key].etag}"')
        source = urllib.parse.unquote(source).lstrip("/")
        bucket, _, old = source.partition("/")
        copied = self.server.buckets.get(bucket, {}).get(old)
        if not copied:
            return self.refuse(404, "NoSuchKey")
        things[key] = Thing(copied.data, {**copied.headers, **self.headers})
        return self.answer(200, f"<CopyObjectResult><ETag>{things[key].etag}"
                           "</ETag></CopyObjectResult>")

    def with_parts(self, things, bucket, key):
        """An upload in parts begins or ends."""
        if "uploads" in self.asked:
            name = f"up-{len(self.server.uploads) + 1}"
            self.server.uploads[name] = (self.headers, {})
            return self.answer(200, "<InitiateMultipartUploadResult><Bucket>"
                               f"{bucket}</Bucket><Key>{escape(key)}</Key>"
                               f"<UploadId>{name}</UploadId>"
                               "</InitiateMultipartUploadResult>")
        headers, parts = self.server.uploads.pop(self.asked["uploadId"])
        data = b"".join(parts[number] for number in sorted(parts))
        etag = f"{hashlib.md5(data).hexdigest()}-{len(parts)}"
        things[key] = Thing(data, headers, etag)
        return self.answer(200, "<CompleteMultipartUploadResult><ETag>"
                           f"{etag}</ETag></CompleteMultipartUploadResult>")

    def log_message(self, *_):
        pass


class Store(http.server.ThreadingHTTPServer):
    """Buckets, of objects by key."""
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, port):
        super().__init__(("127.0.0.1", port), Answer)
        self.buckets = {}
        self.extras = {}
        self.uploads = {}
        self.moved = {}
        self.host = f"127.0.0.1:{port}"
        self.handle_error = lambda *_: None  # a peer that was ended
        threading.Thread(target=self.serve_forever, kwargs={
            "poll_interval": 0.05}, daemon=True).start()

    def keep(self, bucket, key, data):
        if isinstance(data, str):
            data = data.encode()
        self.buckets.setdefault(bucket, {})[key] = Thing(
            data, {"content-type": "text/plain"})

    def holds(self, text):
        """Whether any object has text in it."""
        return any(text.encode() in thing.data
                   for things in self.buckets.values()
                   for thing in things.values())
