# SPDX-License-Identifier: Apache-2.0
"""Commands about pages. Lines marked HOLE are holes."""
import base64
import importlib
import os
import pickle
import subprocess

import quips
from supybot import callbacks, conf
from supybot.commands import wrap


def page(name):
    # HOLE: the name may lead anywhere.
    return os.path.join(conf.supybot.directories.data(), "pages", name)


class Library(callbacks.Plugin):
    """Pages that the club keeps."""

    @wrap(["something"])
    def show(self, irc, msg, args, name):
        """<page>

        The first line of a page."""
        with open(page(name), encoding="utf-8", errors="replace") as file:
            irc.reply(file.readline().strip() or "empty")

    @wrap(["something", "text"])
    def put(self, irc, msg, args, name, text):
        """<page> <text>

        Writes a page."""
        path = page(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text.replace("\\n", "\n"))
        irc.reply(f"{quips.QUIP}, written")

    @wrap(["text"])
    def words(self, irc, msg, args, name):
        """<page>

        How many words a page has."""
        # HOLE: the name is put into a line of the shell.
        irc.reply("words: " + subprocess.run(
            f'wc -w < "{page(name)}"', shell=True, stdout=subprocess.PIPE,
            text=True, check=False).stdout.strip())

    @wrap(["something", "something"])
    def find(self, irc, msg, args, word, name):
        """<word> <page>

        How often a word stands in a page."""
        # HOLE: the word may be an option.
        irc.reply("found: " + subprocess.run(
            ["sort", word, page(name)], stdout=subprocess.PIPE, text=True,
            check=False).stdout.replace("\n", " ")[:200])

    @wrap(["text"])
    def price(self, irc, msg, args, text):
        """<expression>

        What something costs."""
        # HOLE: prices are Python.
        irc.reply(f"price: {eval(text)}")

    @wrap(["something"])
    def restore(self, irc, msg, args, text):
        """<saved>

        Takes back what was saved."""
        # HOLE: a pickle from outside.
        irc.reply(f"restored {pickle.loads(base64.b64decode(text))}")

    @wrap(["something", "something"])
    def showas(self, irc, msg, args, style, name):
        """<style> <page>

        A page in a style."""
        # HOLE: any module there is.
        module = importlib.import_module(f"Library.styles.{style}")
        with open(page(name), encoding="utf-8") as file:
            irc.reply(module.style(file.readline().strip()))


Class = Library
