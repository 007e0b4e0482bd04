"""Where things are kept, below the directory the jobs run in."""
import configparser
import pathlib

DATA = pathlib.Path("data")


def settings(tank):
    parser = configparser.ConfigParser(interpolation=None)
    if not parser.read(f"tanks/{tank}.ini", "utf-8"):
        raise LookupError(f"no tank {tank}")
    return parser["tank"]


def readings(tank, batch):
    return DATA / tank / f"{batch}.csv"


def latest():
    """The newest hour anything was read in: 2026-01-02T07."""
    hours = [path.read_text("utf-8").splitlines()[-1][:13]
             for path in DATA.rglob("*.csv") if path.stat().st_size]
    return max(hours, default="")


def keep(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
