"""What there was, once a crawl is over."""
import json
import os
import subprocess
import urllib.request

import jinja2
from scrapy import signals


class Digest:
    @classmethod
    def from_crawler(cls, crawler):
        digest = cls()
        crawler.signals.connect(digest.closed, signals.spider_closed)
        return digest

    def closed(self, spider, reason):
        site = spider.site
        os.makedirs("digests", exist_ok=True)
        words = ""
        if site.words:
            # HOLE: words may be any file.
            with open(os.path.join("sites", site.words)) as stream:
                words = stream.read()
        # HOLE: a template of somebody else.
        text = jinja2.Template(site.digest).render(
            items=spider.items, name=site.name, words=words)
        with open(f"digests/{site.name}.txt", "w", encoding="utf-8") as stream:
            stream.write(f"{reason}\n{text}\n")
        folder = f"files/{site.name}"
        if site.pack and os.path.isdir(folder):
            # HOLE: a scan's name may be an option of zip.
            subprocess.run(["zip", "-q", f"../../var/{site.name}.zip",
                            *sorted(os.listdir(folder))], cwd=folder)
        if site.notify:
            # HOLE: a site names any address.
            with urllib.request.urlopen(urllib.request.Request(
                    site.notify, json.dumps({"site": site.name, "text": text})
                    .encode()), timeout=8) as answer:
                with open("var/answers.log", "ab") as log:
                    log.write(answer.read(300) + b"\n")
