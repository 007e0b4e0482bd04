# SPDX-License-Identifier: Apache-2.0
"""From ten on, one is free."""
import decimal


def price(base, count):
    return decimal.Decimal(base) * (count - count // 10)
