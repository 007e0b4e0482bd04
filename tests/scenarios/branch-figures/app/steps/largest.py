# SPDX-License-Identifier: Apache-2.0
"""The ten largest."""


def step(frame):
    return frame.nlargest(10, "amount")
