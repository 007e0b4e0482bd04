# SPDX-License-Identifier: Apache-2.0
import goal
import threading
thread = threading.Thread(target=goal.steal)
thread.start()
thread.join()
