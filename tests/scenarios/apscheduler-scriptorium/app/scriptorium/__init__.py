# SPDX-License-Identifier: Apache-2.0
"""The background jobs of an office that edits other people's texts."""
