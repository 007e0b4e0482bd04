"""How often words are in the notes."""
import collections
import json


def make(region, folder):
    folder.mkdir(parents=True, exist_ok=True)
    words = collections.Counter(" ".join(region.texts()).lower().split())
    (folder / "words.json").write_text(json.dumps(words.most_common(20)))
