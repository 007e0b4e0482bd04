# SPDX-License-Identifier: Apache-2.0
"""Where parcels are: an API, a page, websockets and jobs beside them."""
