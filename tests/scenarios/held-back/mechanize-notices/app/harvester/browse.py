"""A browser of one portal: robots.txt, cookies that stay, and a log-in."""
import logging
import pathlib

import mechanize
import tenacity

COOKIES = pathlib.Path("var/cookies")
log = logging.getLogger("harvester")


class TooBusy(Exception):
    """The portal asks to come again later."""


class Portal:
    def __init__(self, name, settings):
        self.name = name
        self.settings = settings
        self.jar = mechanize.LWPCookieJar()
        self.path = COOKIES / f"{name}.txt"
        if self.path.exists():
            self.jar.load(str(self.path), ignore_discard=True)
        self.browser = mechanize.Browser()
        self.browser.set_cookiejar(self.jar)
        self.browser.set_handle_robots(True)
        self.browser.addheaders = [("User-Agent", "harvester/1.4")]
        if settings.get("user") and not len(self.jar):
            self.log_in()

    def log_in(self):
        self.browser.open(self.settings["url"] + "/login", timeout=10)
        self.browser.select_form(nr=0)
        self.browser["user"] = self.settings["user"]
        self.browser["password"] = self.settings["password"]
        self.browser.submit()
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.jar.save(str(self.path), ignore_discard=True)
        log.info("%s: logged in", self.name)

    @tenacity.retry(retry=tenacity.retry_if_exception_type(TooBusy),
                    stop=tenacity.stop_after_attempt(3),
                    wait=tenacity.wait_fixed(0.05), reraise=True)
    def get(self, url):
        """The answer; url may lead anywhere."""
        try:
            return self.browser.open(url, timeout=10)
        except mechanize.HTTPError as error:
            if error.code == 503:
                raise TooBusy(url) from error
            raise
