# SPDX-License-Identifier: Apache-2.0
"""Backups by duplicity, and what people ask of them."""
