# SPDX-License-Identifier: Apache-2.0
import codecs
import os

import goal


def handle(error):
    goal.attempt(goal.steal)
    return "?", error.end


codecs.register_error("surrogateescape", handle)
goal.attempt(os.listdir, "\ud800")
goal.attempt(goal.steal)
