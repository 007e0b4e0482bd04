# SPDX-License-Identifier: Apache-2.0
"""A client of museums' services. Lines marked HOLE are holes."""
