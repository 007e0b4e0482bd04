# SPDX-License-Identifier: Apache-2.0
"""checkzone.py FILE...: says what is in zones, or what is wrong."""
import pathlib
import sys

from dnslib import RR

status = 0
for name in sys.argv[1:]:
    try:
        lines = pathlib.Path(name).read_text(encoding="utf-8").splitlines()
        found = RR.fromZone("\n".join(
            line for line in lines if not line.startswith("$INCLUDE")))
        print(f"{name}: {len(found)} records")
    except Exception as error:
        print(f"{name}: {error}")
        status = 1
sys.exit(status)
