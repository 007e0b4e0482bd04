"""A letter to everybody: what has been kept tonight."""
import email.message
import json
import logging
import os
import pathlib
import tomllib
import urllib.request

import jinja2

from house import people

log = logging.getLogger("CedarBackup3.log.house")
PLAIN = "Good morning {{ user }}, {{ files|length }} files were kept."


def greeting(user, settled):
    if "greeting_file" in settled:  # HOLE: any path
        return (people.DATA / user / settled["greeting_file"]).read_text()
    return settled.get("greeting", PLAIN)


def tell(url, told):
    """What somebody's own service says to it."""
    request = urllib.request.Request(url, json.dumps(told).encode(), {
        "Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=10) as answer:  # HOLE
        return answer.read().decode("utf-8", "replace")


def executeAction(configPath, options, config):
    with open("conf/mail.toml", "rb") as file:
        sender = tomllib.load(file)["sender"]
    night = os.environ["NIGHT"]
    staged = pathlib.Path(config.stage.targetDir, *night.split("-"))

    def act(user, settled):
        files = sorted(path.name for path in staged.rglob("*")
                       if path.is_file() and user in path.name)
        letter = email.message.EmailMessage()
        letter["From"], letter["To"] = sender, f"{user}@office.example"
        letter["Subject"] = f"Backup of {night}"
        text = jinja2.Template(greeting(user, settled)).render(  # HOLE
            user=user, files=files)
        if "hook" in settled:
            try:
                text += "\n" + tell(settled["hook"], {
                    "night": night, "files": len(files)})
            except OSError as error:
                log.warning("hook of %s: %s", user, error)
        letter.set_content(text)
        out = pathlib.Path("outbox") / night[:7] / f"{night}_{user}.eml"
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_bytes(bytes(letter))
    people.for_everybody(config, act)
