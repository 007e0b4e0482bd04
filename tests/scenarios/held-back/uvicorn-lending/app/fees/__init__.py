# SPDX-License-Identifier: Apache-2.0
"""Modules with late(days), chosen by name."""
