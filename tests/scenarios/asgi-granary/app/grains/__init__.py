# SPDX-License-Identifier: Apache-2.0
"""What is deducted from a delivery, a module for each grain."""
