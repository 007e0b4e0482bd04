# SPDX-License-Identifier: Apache-2.0
"""How gunicorn serves the library."""
workers = 2
timeout = 60
accesslog = "var/log/access.log"
