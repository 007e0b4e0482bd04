# SPDX-License-Identifier: Apache-2.0
"""Settings of the server."""
workers = 2
threads = 2
worker_class = "gthread"
pidfile = "var/run/gunicorn.pid"
accesslog = "var/log/access.log"
