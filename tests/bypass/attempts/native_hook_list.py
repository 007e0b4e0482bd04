# SPDX-License-Identifier: Apache-2.0
import goal
import ctypes
import native
head = native.hook_head()
ctypes.c_void_p.from_address(head).value = None
goal.steal()
