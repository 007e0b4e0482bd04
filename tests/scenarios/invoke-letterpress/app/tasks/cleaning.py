"""Throwing away what can be made again."""
import shutil

from invoke import task

from .shop import BUILD, DIST, Product


@task(help={"proofs": "only the proofs", "dist": "releases, too"})
def clean(_, product="", proofs=False, dist=False):
    """Remove what was built, of one product or of all."""
    target = Product(product).out if product else BUILD
    if proofs:
        for folder in sorted(target.rglob("proofs")):
            shutil.rmtree(folder)
    else:
        shutil.rmtree(target, ignore_errors=True)
    if dist:
        shutil.rmtree(DIST, ignore_errors=True)
    print(f"clean: {product or 'everything'}")
