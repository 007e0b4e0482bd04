# SPDX-License-Identifier: Apache-2.0
"""Kinds of reports: modules with make(file, title, nights, options)."""
