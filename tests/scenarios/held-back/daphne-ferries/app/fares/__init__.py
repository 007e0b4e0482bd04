# SPDX-License-Identifier: Apache-2.0
"""Modules with price(base, count), chosen by name."""
