"""How often a name is in the logs."""
import subprocess


def note(top, user):
    # HOLE: a name may end the word.
    done = subprocess.run(f"cat logs/*.log | grep -c '\"{user}\"'", shell=True,
                          cwd=top, stdout=subprocess.PIPE, text=True)
    return f"in the logs: {done.stdout.strip()}"
