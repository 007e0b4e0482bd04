# SPDX-License-Identifier: Apache-2.0
"""Settings of the server."""
workers = 2
pidfile = "var/gunicorn.pid"
accesslog = "var/log/access.log"
raw_env = ["DJANGO_SETTINGS_MODULE=hall.settings"]
