# SPDX-License-Identifier: Apache-2.0
"""Jobs, by what they are about. Lines marked HOLE are holes."""
