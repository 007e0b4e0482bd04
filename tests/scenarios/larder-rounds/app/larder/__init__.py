# SPDX-License-Identifier: Apache-2.0
"""Backups of what the departments of a house keep."""
__version__ = "2.3.1"
