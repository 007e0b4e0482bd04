# SPDX-License-Identifier: Apache-2.0
"""Modules with check(cents), chosen by name."""
