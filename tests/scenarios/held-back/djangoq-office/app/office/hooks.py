# SPDX-License-Identifier: Apache-2.0
import logging


def finished(task):
    logging.getLogger("office").info("%s %s %s", task.func, task.args,
                                     "done" if task.success else "failed")
