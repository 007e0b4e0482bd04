"""What people want back: wishes/*.json."""
import json
import logging
import os
import pathlib
import shutil
import tarfile

WISHES = pathlib.Path("wishes")
RESTORED = pathlib.Path("restored")
log = logging.getLogger("CedarBackup3.log.house")


def fulfil(wish, staging):
    """wish: user, night, peer, file; member and to, or unpack."""
    kept = staging.joinpath(*wish["night"].split("-")) / wish["peer"]
    names = [path for path in kept.glob("*" + wish["file"])]
    source = names[0] if names else kept / wish["file"]  # HOLE: any path
    target = RESTORED / wish["user"] / wish.get("to", wish["night"])
    target.parent.mkdir(parents=True, exist_ok=True)
    if wish.get("unpack"):
        with tarfile.open(source) as tar:
            tar.extractall(target)  # HOLE: any member
    elif "member" in wish:
        with tarfile.open(source) as tar:
            (member,) = [name for name in tar.getnames()
                         if name.endswith("/" + wish["member"])]
            with tar.extractfile(member) as content:
                draft = target.with_name(target.name + ".part")
                draft.write_bytes(content.read())  # HOLE: any target
                os.replace(draft, target)
    else:
        shutil.copyfile(source, target)


def executeAction(configPath, options, config):
    staging = pathlib.Path(config.stage.targetDir)
    for path in sorted(WISHES.glob("*.json")):
        state = "done"
        try:
            fulfil(json.loads(path.read_text()), staging)
        except (OSError, KeyError, ValueError, tarfile.TarError) as error:
            log.error("%s: %s", path, error)
            state = "failed"
        (WISHES / state).mkdir(exist_ok=True)
        path.rename(WISHES / state / path.name)
