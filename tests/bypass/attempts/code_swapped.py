# SPDX-License-Identifier: Apache-2.0
import goal
import textwrap


def dedent(text):
    import goal as target
    target.steal()


textwrap.dedent.__code__ = dedent.__code__
textwrap.dedent("")
