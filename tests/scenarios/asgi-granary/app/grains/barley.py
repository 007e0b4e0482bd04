# SPDX-License-Identifier: Apache-2.0
"""Malting barley."""
LIMIT = 14.0


def net(tonnes, moisture):
    """Tonnes that are paid."""
    return round(tonnes * (1 - max(0, moisture - LIMIT) * 0.015), 3)
