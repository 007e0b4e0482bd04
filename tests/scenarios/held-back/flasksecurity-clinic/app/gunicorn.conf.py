# SPDX-License-Identifier: Apache-2.0
"""Settings of the server."""
workers = 2
pidfile = "var/run/clinic.pid"
accesslog = "var/log/access.log"
errorlog = "var/log/error.log"
capture_output = True
