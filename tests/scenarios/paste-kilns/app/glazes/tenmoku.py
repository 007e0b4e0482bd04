# SPDX-License-Identifier: Apache-2.0
"""A glaze of the house."""
PARTS = {
    "feldspar": 0.45,
    "silica": 0.25,
    "whiting": 0.15,
    "iron": 0.15,
}
