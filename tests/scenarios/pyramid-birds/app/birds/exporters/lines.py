# SPDX-License-Identifier: Apache-2.0
def export(rows):
    return "".join(f"{row.day} {row.species}\n" for row in rows)
