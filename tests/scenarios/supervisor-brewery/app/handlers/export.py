"""A batch's table without doubles, packed for the excise office."""
import pathlib
import subprocess

from jobs import store


def handle(tank, batch, name):
    pathlib.Path("exports").mkdir(exist_ok=True)
    table = store.readings(tank, batch)
    subprocess.run(f'sort -u "{table}" | gzip > "exports/{name}.csv.gz"',
                   shell=True, check=True)  # HOLE: any line
    return f"exported {name}"
