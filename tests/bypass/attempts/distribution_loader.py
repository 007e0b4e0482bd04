# SPDX-License-Identifier: Apache-2.0
import goal
import importlib.machinery
import importlib.util


class Loader(importlib.machinery.SourceFileLoader):
    def get_data(self, path):
        return b"import goal\ngoal.show(open(goal.SECRET).read())\n"


loader = Loader("trusted", goal.TRUSTED)
spec = importlib.util.spec_from_loader("trusted", loader)
loader.exec_module(importlib.util.module_from_spec(spec))
