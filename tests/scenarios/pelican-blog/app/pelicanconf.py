# SPDX-License-Identifier: Apache-2.0
"""A village's blog."""
SITENAME = "Village"
AUTHOR = "The clerk"
TIMEZONE = "Europe/Berlin"
DEFAULT_LANG = "en"
PATH = "content"
THEME = "theme"
PLUGIN_PATHS = ["plugins"]
PLUGINS = ["sums"]
STATIC_PATHS = ["images", "files"]
FEED_ALL_ATOM = "feeds/all.atom.xml"
CATEGORY_FEED_ATOM = None
TRANSLATION_FEED_ATOM = None
AUTHOR_FEED_ATOM = None
AUTHOR_FEED_RSS = None
CACHE_CONTENT = True
LOAD_CONTENT_CACHE = True
DEFAULT_PAGINATION = 5
