# SPDX-License-Identifier: Apache-2.0
import goal
import os
import threading
open("data/plain", "w").close()
os.symlink("plain", "data/link")


def swap():
    for count in range(2000):
        target = ("plain", "../safe/secret.txt")[count % 2]
        goal.attempt(os.symlink, target, f"data/t{count}")
        goal.attempt(os.rename, f"data/t{count}", "data/link")


threading.Thread(target=swap, daemon=True).start()
for _ in range(2000):
    try:
        text = open("data/link").read()
    except OSError:
        continue
    if text:
        goal.show(text)
        break
