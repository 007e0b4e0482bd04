# SPDX-License-Identifier: Apache-2.0
"""A glaze of the house."""
PARTS = {
    "nepheline": 0.7,
    "spodumene": 0.15,
    "ballclay": 0.15,
}
