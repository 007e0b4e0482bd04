# SPDX-License-Identifier: Apache-2.0
"""From sixty-five on."""
import decimal


def price(base, count):
    return decimal.Decimal(base) * count * decimal.Decimal("0.7")
