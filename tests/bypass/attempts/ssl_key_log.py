# SPDX-License-Identifier: Apache-2.0
import goal
import os
import ssl
context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
context.keylog_filename = goal.PLACE + "/safe/keys"
if os.path.exists(goal.PLACE + "/safe/keys"):
    goal.done()
