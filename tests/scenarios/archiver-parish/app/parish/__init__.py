# SPDX-License-Identifier: Apache-2.0
"""Keeps what the parish, the society and the museum publish."""
__version__ = "1.4"
