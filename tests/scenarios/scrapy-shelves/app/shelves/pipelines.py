"""What is done with every book."""
import importlib
import os
import sqlite3
import subprocess
import urllib.parse

from itemadapter import ItemAdapter
from pricekit import parse
from scrapy.exceptions import DropItem
from scrapy.pipelines.files import FilesPipeline


class Polish:
    """Prices, and what a site wants beside."""
    seen = frozenset()

    def process_item(self, item, spider):
        if item["url"] in self.seen:
            raise DropItem("seen")
        self.seen |= {item["url"]}
        amount = parse(item["amount"])
        # HOLE: any expression.
        item["price"] = eval(spider.site.price, {"amount": amount})
        for name in spider.site.extras:
            importlib.import_module("shelves.extras." + name).change(item)
        spider.items.append(item)
        return item


class Scans(FilesPipeline):
    """Scans under the names that sites give them."""

    def file_path(self, request, response=None, info=None, *, item=None):
        """HOLE: names may lead out of the site's directory."""
        name = urllib.parse.unquote(request.url.rpartition("/")[2])
        return f"{info.spider.site.name}/{name}"

    def item_completed(self, results, item, info):
        item = super().item_completed(results, item, info)
        for entry in ItemAdapter(item).get("files", []):
            path = os.path.join("files", entry["path"])
            # HOLE: a name may end the word.
            entry["kind"] = subprocess.run(
                f'file -b "{path}"', shell=True, text=True,
                stdout=subprocess.PIPE).stdout.strip()
        return item


class Catalogue:
    """All books there ever were."""

    def open_spider(self, spider):
        os.makedirs("var", exist_ok=True)
        self.base = sqlite3.connect("var/catalogue.db")
        self.base.execute("CREATE TABLE IF NOT EXISTS books (url TEXT "
                          "PRIMARY KEY, site TEXT, title TEXT, price REAL)")

    def process_item(self, item, spider):
        self.base.execute("INSERT OR REPLACE INTO books VALUES (?, ?, ?, ?)", (
            item["url"], spider.site.name, item["title"],
            str(item["price"])))
        return item

    def close_spider(self, spider):
        self.base.commit()
        self.base.close()
