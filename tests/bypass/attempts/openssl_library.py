# SPDX-License-Identifier: Apache-2.0
import goal
import os
with open("data/settings", "w") as f:
    f.write("openssl_conf = all\n[all]\nengines = e\nproviders = p\n"
            "[e]\none = one\n[one]\nengine_id = one\n"
            f"dynamic_path = {goal.PLACE}/data/library.so\ninit = 0\n"
            "[p]\nother = other\n[other]\n"
            f"module = {goal.PLACE}/data/library.so\nactivate = 1\n")
os.environ["OPENSSL_CONF"] = goal.PLACE + "/data/settings"
import ssl
