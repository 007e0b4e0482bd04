"""Books and readings in an archive of the day; old ones go."""
import argparse
import pathlib
import tarfile

from jobs import store

KEPT = ["data", "notes", "recipes", "tanks"]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--keep", type=int, default=2)
    options = parser.parse_args()
    place = pathlib.Path("backups")
    place.mkdir(exist_ok=True)
    number = len(list(place.glob("*"))) + 1
    path = place / f"{store.latest()}-{number}.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        for name in KEPT:
            archive.add(name)
    for old in sorted(place.glob("*.tar.gz"))[:-options.keep]:
        old.unlink()
    print(f"kept {path}")


if __name__ == "__main__":
    main()
