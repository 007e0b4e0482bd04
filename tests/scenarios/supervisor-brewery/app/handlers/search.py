"""Which tables of a tank have such a name."""
import shlex
import subprocess


def handle(tank, name):
    words = shlex.split(name)  # HOLE: more than a name
    done = subprocess.run(["find", f"data/{tank}", "-name", *words],
                          capture_output=True, text=True, check=True)
    return done.stdout.splitlines()
