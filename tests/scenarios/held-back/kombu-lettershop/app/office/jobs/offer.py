# SPDX-License-Identifier: Apache-2.0
"""What it would cost: the shop says how it is counted."""
import vat


def do(conf, formula, **values):
    return vat.with_tax(
        eval(formula, {}, values))  # pylint: disable=eval-used
