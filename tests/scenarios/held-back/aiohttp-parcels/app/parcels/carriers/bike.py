# SPDX-License-Identifier: Apache-2.0
import math


def price(grams, zone):
    return math.ceil(grams / 500) * 3.0
