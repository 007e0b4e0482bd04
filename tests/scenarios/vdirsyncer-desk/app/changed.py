#!/usr/bin/env python3
"""Called by vdirsyncer with what it wrote: tells all plug-ins."""
import pathlib
import pkgutil
import sys

import plugins

for found in pkgutil.iter_modules(plugins.__path__):
    module = __import__(f"plugins.{found.name}", fromlist=["notice"])
    module.notice(pathlib.Path(sys.argv[1]))
