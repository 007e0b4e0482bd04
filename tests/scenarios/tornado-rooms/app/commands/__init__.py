# SPDX-License-Identifier: Apache-2.0
"""Modules with answer(text), chosen by name."""
