# SPDX-License-Identifier: Apache-2.0
"""A pottery studio: members, pieces, firings and what they owe."""
