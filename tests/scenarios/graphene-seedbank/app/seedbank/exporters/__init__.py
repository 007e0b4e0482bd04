# SPDX-License-Identifier: Apache-2.0
"""Modules with write(file, rows), chosen by name."""
