# SPDX-License-Identifier: Apache-2.0
"""A courier between translators and the servers of their customers."""
__version__ = "2.3"
