# SPDX-License-Identifier: Apache-2.0
"""What calendars may be exported as; one module for each kind."""
