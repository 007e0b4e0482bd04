"""publish.py RELEASE: copies what was built to live/RELEASE and shows it."""
import datetime
import os
import pathlib
import shutil
import sys

top = pathlib.Path(__file__).resolve().parent.parent
release = top / "live" / sys.argv[1]
if not (top / "publish/index.html").is_file():
    sys.exit("nothing is built")
shutil.copytree(top / "publish", release,
                ignore=shutil.ignore_patterns(".lektor"))
(release / "RELEASE").write_text(f"{release.name} {datetime.datetime.now()}\n")
new = top / "live/current.new"
new.symlink_to(release.name)
os.replace(new, top / "live/current")
print("published", sum(1 for path in release.rglob("*") if path.is_file()))
