"""Beer goes from a tank to another: kept in the books of both."""
import json
import pathlib
import sys

from jobs import store


def main():
    source, target, litres = sys.argv[1:]
    try:
        batch = store.settings(source)["batch"]
        store.settings(target)
    except LookupError as error:
        print(error, file=sys.stderr)
        sys.exit(3)
    store.keep(pathlib.Path("transfers") / f"{batch}.json", json.dumps(
        {"from": source, "to": target, "litres": float(litres)}))
    print(f"{litres} l of {batch}")


if __name__ == "__main__":
    main()
