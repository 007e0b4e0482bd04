# SPDX-License-Identifier: Apache-2.0
import goal
if "libsecmgr" in open("/proc/self/maps").read():
    goal.done()
