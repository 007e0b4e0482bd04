"""A link to what came last."""
import os
import pathlib

HERE = pathlib.Path(__file__).resolve().parents[1]


def notice(path):
    part = HERE / "log" / f"latest.{os.getpid()}"
    part.symlink_to(path)
    os.replace(part, HERE / "log" / "latest")
