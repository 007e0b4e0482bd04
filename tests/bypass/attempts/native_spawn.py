# SPDX-License-Identifier: Apache-2.0
import goal
import ctypes
import os
libc = ctypes.CDLL(None)
argv = (ctypes.c_char_p * 3)(b"cat", goal.SECRET.encode(), None)
pid = ctypes.c_int()
if not libc.posix_spawnp(ctypes.byref(pid), b"cat", None, None, argv, None):
    os.waitpid(pid.value, 0)
