# SPDX-License-Identifier: Apache-2.0
"""How this office wants its titles."""
import pluggy

hook = pluggy.HookimplMarker("notaryd")


@hook
def rename(job):
    job.title = job.title.removeprefix("Scan of ").strip(" ._") or "untitled"
