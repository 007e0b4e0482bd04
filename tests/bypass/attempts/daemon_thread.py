# SPDX-License-Identifier: Apache-2.0
import goal
import threading
import time


def wait_and_steal():
    while True:
        goal.attempt(goal.steal)
        time.sleep(0.001)


threading.Thread(target=wait_and_steal, daemon=True).start()
time.sleep(0.05)
