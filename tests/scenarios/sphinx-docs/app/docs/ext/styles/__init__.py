# SPDX-License-Identifier: Apache-2.0
"""Modules with style(text), chosen by name."""
