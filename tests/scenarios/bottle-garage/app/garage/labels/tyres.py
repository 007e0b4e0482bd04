# SPDX-License-Identifier: Apache-2.0
"""What is written on tyres that are kept over the winter."""
import textwrap


def label(order):
    return textwrap.fill(f"{order.owner.name}: {order.what}", 20)
