# SPDX-License-Identifier: Apache-2.0
"""A notary's paper room: takes what people drop and files it away."""
