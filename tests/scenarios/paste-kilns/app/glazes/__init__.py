# SPDX-License-Identifier: Apache-2.0
"""Recipes, one a module."""
