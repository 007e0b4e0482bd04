# SPDX-License-Identifier: Apache-2.0
"""A glaze of the house."""
PARTS = {
    "feldspar": 0.4,
    "silica": 0.28,
    "whiting": 0.2,
    "kaolin": 0.12,
}
