# SPDX-License-Identifier: Apache-2.0
"""Spelt."""
LIMIT = 14.5


def net(tonnes, moisture):
    """Tonnes that are paid."""
    return round(tonnes * (1 - max(0, moisture - LIMIT) * 0.02), 3)
