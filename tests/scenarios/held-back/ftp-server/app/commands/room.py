# SPDX-License-Identifier: Apache-2.0
"""What is left of a sum: "10 * 1024"."""
import quotas


def do(session, text):
    # HOLE: the sum is Python.
    return quotas.limit(session.username) - eval(text)
