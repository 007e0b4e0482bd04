# SPDX-License-Identifier: Apache-2.0
"""Has a job done: enqueue.py PORT QUEUE SECONDS < JSON; prints its result."""
import json
import sys
import time

import redis
import rq

port, queue, seconds = sys.argv[1:]
name, *arguments = json.load(sys.stdin)
link = redis.Redis(port=int(port))
job = rq.Queue(queue, connection=link).enqueue(name, *arguments)
stop = time.monotonic() + float(seconds)
while time.monotonic() < stop:
    status = job.get_status()
    if status in ("finished", "failed"):
        print(status, job.result)
        break
    time.sleep(0.02)
