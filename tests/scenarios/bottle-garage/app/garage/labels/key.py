# SPDX-License-Identifier: Apache-2.0
"""What is tied to the key."""


def label(order):
    return f"{order.plate} / {order.id}"
