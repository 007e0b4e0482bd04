# SPDX-License-Identifier: Apache-2.0
BOT_NAME = "shelves"
SPIDER_MODULES = ["shelves.spiders"]
NEWSPIDER_MODULE = "shelves.spiders"
ROBOTSTXT_OBEY = True
COOKIES_ENABLED = True
RETRY_TIMES = 1
DOWNLOAD_TIMEOUT = 8
LOG_LEVEL = "INFO"
ITEM_PIPELINES = {
    "shelves.pipelines.Polish": 100,
    "shelves.pipelines.Scans": 200,
    "shelves.pipelines.Catalogue": 300,
}
EXTENSIONS = {"shelves.digest.Digest": 500}
FILES_STORE = "files"
MEDIA_ALLOW_REDIRECTS = True
HTTPCACHE_DIR = "httpcache"
REQUEST_FINGERPRINTER_IMPLEMENTATION = "2.7"
