# SPDX-License-Identifier: Apache-2.0
"""Tide readings and files of the harbour office, from the command line."""
__version__ = "2.4.1"
