"""What the house has set: from the environment and run/secrets."""
import functools
import pathlib

import pydantic

TOP = pathlib.Path(__file__).resolve().parents[1]


class Settings(pydantic.BaseSettings):
    data: pathlib.Path = TOP / "data"
    incoming: pathlib.Path = TOP / "incoming"
    fonts: pathlib.Path = pathlib.Path("/usr/share/fonts/truetype/dejavu")
    jwt_key: str
    hook_key: str
    station: str
    token_minutes: int = 60

    class Config:
        env_prefix = "apiaries_"
        secrets_dir = TOP / "run/secrets"


@functools.lru_cache
def settings():
    return Settings()
