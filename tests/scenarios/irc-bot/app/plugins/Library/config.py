# SPDX-License-Identifier: Apache-2.0
"""Nothing to ask."""
from supybot import conf


def configure(_advanced):
    conf.registerPlugin("Library", True)


Library = conf.registerPlugin("Library")
