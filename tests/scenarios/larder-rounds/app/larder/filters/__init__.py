# SPDX-License-Identifier: Apache-2.0
"""Filters change what of a department is put away."""
import importlib


def load(name):
    return importlib.import_module(f"larder.filters.{name}")
