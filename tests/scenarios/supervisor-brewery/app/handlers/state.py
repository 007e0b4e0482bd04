"""The state of a batch, as the tablets' own program pickles it."""
import base64
import pathlib
import pickle


def handle(batch, state):
    raw = base64.b64decode(state)
    found = pickle.loads(raw)  # HOLE: any object
    path = pathlib.Path("batches") / f"{batch}.pickle"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(raw)
    return sorted(map(str, found))
