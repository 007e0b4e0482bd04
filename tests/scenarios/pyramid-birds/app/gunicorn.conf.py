# SPDX-License-Identifier: Apache-2.0
workers = 2
accesslog = "var/log/access.log"
errorlog = "-"
