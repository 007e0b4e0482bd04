# SPDX-License-Identifier: Apache-2.0
def price(grams, zone):
    return 4.5 + grams / 1000 * zone
