# SPDX-License-Identifier: Apache-2.0
import goal
import os
place = os.open("/proc/self", os.O_RDONLY)
os.close(os.open("mem", os.O_RDWR, dir_fd=place))
goal.done()
