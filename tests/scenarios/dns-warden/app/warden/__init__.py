# SPDX-License-Identifier: Apache-2.0
"""A name server of a house, with filters. Lines marked HOLE are holes."""
