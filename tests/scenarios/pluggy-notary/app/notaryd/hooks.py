# SPDX-License-Identifier: Apache-2.0
"""What plugins may do."""
import dataclasses
import pathlib

import pluggy

spec = pluggy.HookspecMarker("notaryd")
hook = pluggy.HookimplMarker("notaryd")


@dataclasses.dataclass
class Job:
    """One paper on its way from an inbox to the archive."""
    number: int
    person: str
    source: pathlib.Path
    sub: str
    month: str
    title: str = ""
    text: str = ""
    preview: str = ""
    total: float = 0.0
    rows: int = 0
    path: str = ""


class Specs:
    @spec(firstresult=True)
    def convert(self, job, desk):
        """Fills in text and preview; returns the kind of paper."""

    @spec
    def rename(self, job):
        """May change the title."""

    @spec
    def filed(self, job, desk):
        """The paper lies in the archive."""

    @spec
    def notify(self, job, person, desk):
        """Tells a person."""
