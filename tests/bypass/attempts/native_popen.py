# SPDX-License-Identifier: Apache-2.0
import goal
import ctypes
libc = ctypes.CDLL(None)
libc.popen.restype = ctypes.c_void_p
stream = libc.popen(goal.SHOW.encode(), b"w")
if stream:
    libc.pclose(ctypes.c_void_p(stream))
