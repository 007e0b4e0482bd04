# SPDX-License-Identifier: Apache-2.0
"""Rye."""
LIMIT = 15.0


def net(tonnes, moisture):
    """Tonnes that are paid."""
    return round(tonnes * (1 - max(0, moisture - LIMIT) * 0.011), 3)
