# SPDX-License-Identifier: Apache-2.0
"""How duplicity is called."""
import os
import subprocess


def call(conf, words):
    """(status, lines) of duplicity."""
    with open("secrets/passphrase", encoding="utf-8") as file:
        passphrase = file.read().strip()
    done = subprocess.run(
        ["duplicity", *words], check=False, text=True, timeout=60,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        env={**os.environ, "PASSPHRASE": passphrase})
    return done.returncode, done.stdout.splitlines()


def target(conf, name):
    return f"file://{os.path.abspath(conf['store'])}/{name.replace(' ', '_')}"


def backup(conf, name, full=False):
    source = conf["sources"][name]
    words = ["full"] if full else []
    words += ["--name", name, "--volsize", str(conf["volume_mb"]),
              "--full-if-older-than", "1M"]
    for pattern in source.get("exclude", []):
        words += ["--exclude", pattern]
    return call(conf, [*words, source["path"], target(conf, name)])


def restore(conf, name, file, place, when, options=()):
    words = ["restore", "--name", name, "--force", *options]
    if file:
        words += ["--file-to-restore", file]
    if when:
        words += ["--time", str(when)]
    return call(conf, [*words, target(conf, name), place])
