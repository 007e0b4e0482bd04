"""The shop's own tools, in C."""
import shlex

from invoke import task

from .shop import ROOT

MAKE = f"make -s -C {shlex.quote(str(ROOT / 'tools'))}"


@task
def build(c):
    """Compile what has changed."""
    c.run(MAKE, hide="out")


@task(pre=[build])
def check(c):
    """Try them."""
    c.run(f"{MAKE} check")


@task
def scrub(c):
    """Remove what was compiled."""
    c.run(f"{MAKE} clean")
