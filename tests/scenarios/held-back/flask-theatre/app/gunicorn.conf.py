# SPDX-License-Identifier: Apache-2.0
"""Settings of the server."""
worker_class = "gthread"
workers = 2
threads = 4
graceful_timeout = 5
pidfile = "var/run/theatre.pid"
accesslog = "var/log/access.log"
