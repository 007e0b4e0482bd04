# SPDX-License-Identifier: Apache-2.0
"""Small things that a command does well."""
import itertools
import subprocess

from .. import desks

OFFERED = ["paginate", "tally", "checksums", "compare", "preview"]


def run(*command, cwd=None, good=(0,)):
    done = subprocess.run(command, cwd=cwd, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode not in good:
        raise ValueError(f"{command[0]}: {done.stderr[-200:]}")
    return done.stdout


def paginate(user, source, length, columns):
    """A text in pages, as readers of proofs like it."""
    path = desks.find(user, source)
    text = run("pr", f"--length={length}", f"--columns={columns}",
               f"--header={path.name}", str(path))
    return desks.keep(desks.output(user, f"proofs/{path.stem}.txt"),
                      text.encode())


def tally(user, source, column):
    """How often what stands in a column of a table."""
    path = desks.find(user, source)
    # HOLE: column reaches a shell.
    done = subprocess.run(
        f"cut -d, -f{column} '{path}' | sort | uniq -c | sort -rn",
        shell=True, check=True, stdout=subprocess.PIPE, text=True)
    return [line.split(None, 1) for line in done.stdout.splitlines()]


def checksums(user, folder):
    """A list of what is in a folder, for whoever gets it."""
    root = desks.find(user, folder)
    names = sorted(str(path.relative_to(root)) for path in root.rglob("*")
                   if path.is_file())
    text = run("sha256sum", "--", *names, cwd=root)
    desks.keep(desks.output(user, f"sums/{root.name}.sha256"), text.encode())
    return len(text.splitlines())


def compare(user, old, new):
    """What an editor has changed."""
    text = run("diff", "--unified=1", str(desks.find(user, old)),
               str(desks.find(user, new)), good=(0, 1))
    name = f"changes/{desks.find(user, new).stem}.diff"
    return desks.keep(desks.output(user, name), text.encode())


def preview(user, name, count):
    """The first lines of a text."""
    with open(desks.find(user, name), encoding="utf-8") as file:
        return "".join(itertools.islice(file, count))
