# SPDX-License-Identifier: Apache-2.0
import goal
import os
os.execv("/usr/bin/perl", ["perl", "-pe", "1", goal.SECRET])
