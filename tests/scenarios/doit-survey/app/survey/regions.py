"""What regions hand in: settings, tables, notes, weights."""
import pathlib
import pickle

import yaml


class Region:
    def __init__(self, folder):
        self.folder = folder
        self.name = folder.name
        self.settings_file = folder / "region.yaml"
        # HOLE: anything may be made of it.
        settings = yaml.load(self.settings_file.read_text(),
                             Loader=yaml.UnsafeLoader) or {}
        self.title = settings.get("title", self.name)
        self.score = settings.get("score", "total / max(count, 1)")
        self.layout = settings.get("layout", "plain.html")
        self.remark = settings.get("remark", "")
        self.notes = settings.get("notes", [])
        self.rates = settings.get("rates")
        self.mirror = settings.get("mirror")
        self.extra = settings.get("extra", [])
        self.place = settings.get("output", f"reports/{self.name}.html")

    def tables(self):
        return sorted(path for path in self.folder.rglob("*")
                      if path.suffix in (".csv", ".tsv", ".txt"))

    def output(self):
        """HOLE: it may lead out of where reports are."""
        return self.place

    def weights(self):
        """HOLE: a pickle of somebody else."""
        path = self.folder / "weights.pickle"
        if not path.exists():
            return {}
        with path.open("rb") as stream:
            return pickle.load(stream)

    def texts(self):
        """HOLE: names of notes may lead anywhere."""
        return [(self.folder / "notes" / name).read_text()
                for name in self.notes]


def all_of(handed_in):
    return [Region(path.parent)
            for path in sorted(handed_in.glob("*/region.yaml"))]


def make(folder):
    pathlib.Path(folder).mkdir(parents=True, exist_ok=True)
