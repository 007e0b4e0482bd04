# SPDX-License-Identifier: Apache-2.0
"""What everybody pays."""
import decimal


def price(base, count):
    return decimal.Decimal(base) * count
