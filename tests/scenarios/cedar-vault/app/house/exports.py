"""What people want to have as a zip file, too."""
import pathlib
import subprocess

from house import people


def executeAction(configPath, options, config):
    def act(user, settled):
        home = people.DATA / user
        names = sorted({str(path.relative_to(home))
                        for pattern in settled.get("exports", ())
                        for path in home.glob(pattern)})
        if names:
            target = pathlib.Path(config.collect.targetDir).resolve()
            subprocess.run(  # HOLE: names may be options
                ["zip", "-q", str(target / f"{user}.zip"), *names],
                cwd=home, stdin=subprocess.DEVNULL, check=False)
    people.for_everybody(config, act)
