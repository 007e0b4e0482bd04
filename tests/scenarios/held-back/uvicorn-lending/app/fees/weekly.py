# SPDX-License-Identifier: Apache-2.0
"""So much for each week begun."""


def late(days):
    return 200 * -(-days // 7)
