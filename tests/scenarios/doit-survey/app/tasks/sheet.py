"""All tables in one, in compressed form."""
import gzip
import subprocess


def make(region, folder):
    folder.mkdir(parents=True, exist_ok=True)
    joined = subprocess.run(
        ["sort", "-u", "--", *map(str, region.tables())],
        stdout=subprocess.PIPE, check=True).stdout
    with gzip.open(folder / f"{region.name}.gz", "wb") as stream:
        stream.write(joined)
