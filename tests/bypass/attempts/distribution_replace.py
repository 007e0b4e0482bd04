# SPDX-License-Identifier: Apache-2.0
import goal


def read():
    goal.show(open(goal.SECRET).read())


read.__code__ = read.__code__.replace(co_filename=goal.TRUSTED)
read()
