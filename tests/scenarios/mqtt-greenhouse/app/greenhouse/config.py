"""What the files in etc/ say."""
import pathlib

import yaml


class Config:
    def __init__(self, path):
        self.path = pathlib.Path(path)
        self.top = self.path.resolve().parent.parent
        self.read()

    def read(self):
        with open(self.path, encoding="utf-8") as file:
            self.data = yaml.safe_load(file)
        with open(self.path.parent / "secrets.yaml", encoding="utf-8") as file:
            self.secrets = yaml.safe_load(file)

    def __getitem__(self, name):
        return self.data[name]

    def get(self, name, default=None):
        return self.data.get(name, default)

    def var(self, *parts):
        """A path below var/, with its folder."""
        path = self.top.joinpath("var", *parts)
        path.parent.mkdir(parents=True, exist_ok=True)
        return path
