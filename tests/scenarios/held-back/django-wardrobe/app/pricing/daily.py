# SPDX-License-Identifier: Apache-2.0
"""So much a day."""


def cents(price, days):
    return price * days
