# SPDX-License-Identifier: Apache-2.0
"""The workloads that round trips and live replays go through, in order."""
from workload_scripts import (
    Asyncio, Children, Command, DevelopmentMode, Generated, Isolated, Linked,
    MultiprocessingFork, MultiprocessingSpawn, Network, Pytest, Script,
    StandardInput, Threads, Traceback)
from workload_servers import (
    DjangoCheck, DjangoClient, DjangoRunserver, FlaskReloader, Gunicorn)

ALL = [Script, Linked, Isolated, DevelopmentMode, Command, StandardInput,
       Traceback, Children, MultiprocessingFork, MultiprocessingSpawn,
       Generated, Pytest, Threads, Asyncio, Network, FlaskReloader, Gunicorn,
       DjangoCheck, DjangoClient, DjangoRunserver]
