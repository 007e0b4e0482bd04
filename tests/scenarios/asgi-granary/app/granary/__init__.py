# SPDX-License-Identifier: Apache-2.0
"""The accounts of a grain cooperative."""
