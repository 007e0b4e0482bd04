# SPDX-License-Identifier: Apache-2.0
import goal
import ssl
context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
context.load_verify_locations(goal.PLACE + "/safe/secret.pem")
if context.get_ca_certs():
    goal.done()
