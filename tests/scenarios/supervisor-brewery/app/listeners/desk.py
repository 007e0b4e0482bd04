"""What tablets send as remote events, each kind to its handler."""
import importlib
import json
import pathlib
import sys
import traceback

from jobs import store
from supervisor import childutils


def serve(kind, arguments):
    try:
        handler = importlib.import_module(f"handlers.{kind}")
        return {"is": handler.handle(**arguments)}
    except Exception as error:  # tablets are told
        traceback.print_exc()
        return {"cannot": f"{type(error).__name__}: {error}"}


def main():
    while True:
        _, payload = childutils.listener.wait(sys.stdin, sys.stdout)
        head, _, data = payload.partition("\n")
        wish = json.loads(data)
        number = wish.pop("id")
        store.keep(pathlib.Path("answers") / f"{number}.json", json.dumps(
            serve(head.partition(":")[2], wish)))
        childutils.listener.ok(sys.stdout)


if __name__ == "__main__":
    main()
