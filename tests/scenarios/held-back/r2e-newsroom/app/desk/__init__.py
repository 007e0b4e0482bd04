# SPDX-License-Identifier: Apache-2.0
"""What a newsroom does with each entry. Lines marked HOLE are holes."""
