# SPDX-License-Identifier: Apache-2.0
"""So much a week."""


def cents(price, days):
    return price * 4 * -(-days // 7)
