# SPDX-License-Identifier: Apache-2.0
"""So much for each day."""


def late(days):
    return 50 * days
