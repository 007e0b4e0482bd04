# SPDX-License-Identifier: Apache-2.0
import goal
goal.steal("secret.txt")
