# SPDX-License-Identifier: Apache-2.0
"""A ticket asks for a print of something that is filed already."""
import subprocess

import yaml

from notaryd.hooks import hook


@hook
def convert(job, desk):
    if job.source.suffix.lower() not in (".yml", ".yaml"):
        return None
    with open(job.source) as file:
        # HOLE: YAML may name any function.
        ticket = yaml.load(file, yaml.UnsafeLoader)
    job.text = ticket["subject"]
    with open(desk.preview(job, ".txt"), "wb") as file:
        # HOLE: pages may be anything pr takes.
        subprocess.run(["pr", ticket["pages"],
                        desk.archive / job.person / ticket["of"]],
                       stdout=file, check=True)
    return "ticket"
