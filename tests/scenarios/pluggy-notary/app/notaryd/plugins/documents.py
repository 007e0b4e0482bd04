# SPDX-License-Identifier: Apache-2.0
"""Texts become pages."""
import subprocess

import docutils.core
import markdown

from notaryd.hooks import hook

PLAIN = (".txt", ".text", ".log", ".asc")
MARKDOWN = (".md", ".markdown", ".mkd")
PAGE = "<!doctype html>\n<title>%s</title>\n%s\n"


@hook
def convert(job, desk):
    suffix = job.source.suffix.lower()
    if suffix in PLAIN:
        # HOLE: the name reaches a shell.
        lines = subprocess.run(
            f"fold -s -w 72 '{job.source}' | head -n 40", shell=True,
            check=True, stdout=subprocess.PIPE).stdout
        desk.preview(job, ".txt").write_bytes(lines)
        job.text = job.source.read_text("utf-8", "replace")
        return "text"
    if suffix in MARKDOWN:
        job.text = job.source.read_text("utf-8")
        body = markdown.markdown(job.text, extensions=["tables", "toc"])
    elif suffix == ".rst":
        job.text = job.source.read_text("utf-8")
        body = docutils.core.publish_parts(
            job.text, writer_name="html5", settings_overrides={
                "file_insertion_enabled": False, "raw_enabled": False,
                "report_level": 5})["html_body"]
    else:
        return None
    desk.preview(job, ".html").write_text(PAGE % (job.title, body))
    return "document"
