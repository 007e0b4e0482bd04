# SPDX-License-Identifier: Apache-2.0
import goal
import ctypes
libc = ctypes.CDLL("libc.so.6")
argv = (ctypes.c_char_p * 3)(b"cat", goal.SECRET.encode(), None)
libc.execv(b"/bin/cat", argv)
