# SPDX-License-Identifier: Apache-2.0
"""A file of the customer's, by mail."""
import os

from office import mail


def do(conf, customer, name, to):
    mail.send(conf, to, f"Your {os.path.basename(name)}", "As you wished",
              os.path.join("var/incoming", customer, name))
    return to
