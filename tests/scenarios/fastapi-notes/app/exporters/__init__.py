# SPDX-License-Identifier: Apache-2.0
"""Modules with write(title, text), chosen by name."""
