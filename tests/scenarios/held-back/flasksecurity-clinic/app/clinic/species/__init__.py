# SPDX-License-Identifier: Apache-2.0
"""What an animal of a kind needs, chosen by its name."""
