# SPDX-License-Identifier: Apache-2.0
"""One module a SITE command; lines marked HOLE are holes."""
