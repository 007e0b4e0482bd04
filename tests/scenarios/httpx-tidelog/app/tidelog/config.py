# SPDX-License-Identifier: Apache-2.0
"""Settings: config.toml, a file for each profile, a token for each profile."""
import dataclasses
import json
import os
import pathlib
import tomllib

import click
import platformdirs

DEFAULTS = {"profile": "duty", "downloads": "downloads", "jobs": 4,
            "timeout": 5.0, "retries": 3, "templates": "templates",
            "logs": "logs"}
PROFILE = '# made by "tidelog profile add"\nurl = {}\nuser = {}\n'


@dataclasses.dataclass
class Profile:
    """Who works with which API."""
    name: str
    url: str
    user: str


class Settings:
    """What the files say, after what the command line says."""

    def __init__(self, path=None, profile=None, **overrides):
        self.folder = pathlib.Path(platformdirs.user_config_dir("tidelog"))
        self.path = pathlib.Path(path) if path else self.folder / "config.toml"
        self.values = DEFAULTS | self.read(self.path)
        self.values |= {key: value for key, value in overrides.items()
                        if value is not None}
        self.profile_name = (profile or os.environ.get("TIDELOG_PROFILE")
                             or self.values["profile"])

    @staticmethod
    def read(path):
        try:
            return tomllib.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except tomllib.TOMLDecodeError as error:
            raise click.ClickException(f"{path}: {error}") from error

    def __getitem__(self, key):
        return self.values[key]

    def get(self, key, other=None):
        return self.values.get(key, other)

    # --------------------------------------------------------------- profiles
    def profile_path(self, name):
        return self.folder / "profiles" / f"{name}.toml"

    @property
    def profile(self):
        path = self.profile_path(self.profile_name)
        if not path.exists():
            raise click.ClickException(f"no profile {self.profile_name!r}; "
                                       "`tidelog profile add` makes one")
        return Profile(self.profile_name, **self.read(path))

    def profiles(self):
        return sorted(path.stem for path in
                      (self.folder / "profiles").glob("*.toml"))

    def add_profile(self, name, url, user):
        path = self.profile_path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(PROFILE.format(json.dumps(url), json.dumps(user)),
                        encoding="utf-8")

    def remove_profile(self, name):
        self.profile_path(name).unlink()
        self.token_path(name).unlink(missing_ok=True)

    # ----------------------------------------------------------------- tokens
    def token_path(self, name):
        return self.folder / "tokens" / f"{name}.json"

    @property
    def token(self):
        try:
            return json.loads(
                self.token_path(self.profile_name).read_text())["token"]
        except FileNotFoundError:
            raise click.ClickException("not logged in") from None

    def keep_token(self, answer):
        path = self.token_path(self.profile_name)
        path.parent.mkdir(parents=True, exist_ok=True)
        new = path.with_suffix(".new")
        handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w") as file:
            json.dump(answer, file)
        os.replace(new, path)

    def forget_token(self):
        self.token_path(self.profile_name).unlink(missing_ok=True)
