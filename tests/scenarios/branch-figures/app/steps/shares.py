# SPDX-License-Identifier: Apache-2.0
"""What part of all each is."""


def step(frame):
    return frame.assign(share=(frame["amount"] / frame["amount"].sum()
                               ).round(3))
