# SPDX-License-Identifier: Apache-2.0
"""Those who live out there pay half."""
import decimal


def price(base, count):
    return decimal.Decimal(base) * count / 2
