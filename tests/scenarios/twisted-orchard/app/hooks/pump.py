#!/usr/bin/python3
"""pump STATION KIND VALUE: what a pump is to do next."""
import json
import os
import sys
import tempfile

place = os.path.join(os.environ["ORCHARD_VAR"], "pumps")
os.makedirs(place, exist_ok=True)
number, path = tempfile.mkstemp(dir=place, suffix=".tmp")
with os.fdopen(number, "w") as file:
    json.dump(dict(zip(("station", "kind", "value"), sys.argv[1:])), file)
os.rename(path, os.path.join(place, sys.argv[1] + ".json"))
