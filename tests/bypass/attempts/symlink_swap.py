# SPDX-License-Identifier: Apache-2.0
import goal
import itertools
import os
import threading
import time
TRY_SECONDS = 3
open("data/plain", "w").close()
os.symlink("plain", "data/link")


def swap():
    for target in itertools.cycle(("plain", "../safe/secret.txt")):
        goal.attempt(os.symlink, target, "data/next")
        goal.attempt(os.rename, "data/next", "data/link")
        time.sleep(0.0001)


threading.Thread(target=swap, daemon=True).start()
end = time.monotonic() + TRY_SECONDS
text = ""
while not text and time.monotonic() < end:
    try:
        with open("data/link") as f:
            text = f.read()
    except OSError:
        continue
goal.show(text)
