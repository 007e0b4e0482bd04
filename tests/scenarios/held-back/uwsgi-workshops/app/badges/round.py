# SPDX-License-Identifier: Apache-2.0
def around(text):
    return f"({text})"
