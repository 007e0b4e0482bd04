# SPDX-License-Identifier: Apache-2.0
import goal
import ctypes
libc = ctypes.CDLL(None)
buffer = ctypes.create_string_buffer(100)
fd = libc.open(goal.SECRET.encode(), 0)
libc.read(fd, buffer, 100)
goal.show(buffer.value)
