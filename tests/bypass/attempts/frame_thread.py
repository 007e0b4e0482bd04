# SPDX-License-Identifier: Apache-2.0
import goal
import _thread
import os
import time
_thread.start_new_thread(os.system, (goal.SHOW,))
time.sleep(0.3)
