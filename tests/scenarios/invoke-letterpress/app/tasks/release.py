"""Releases: archives in dist/, with checksums and a link to the latest."""
import hashlib
import os
import shlex
import shutil

from invoke import Exit, task

from .shop import DIST, Product


def shelf(product):
    return DIST / product.name.replace("/", "-")


def archives(folder):
    return sorted(path for path in folder.iterdir()
                  if path.name.endswith((".tar.gz", ".zip"))
                  and not path.is_symlink())


def write_sums(folder):
    new = folder / "SHA256SUMS.new"
    with open(new, "w", encoding="utf-8") as file:
        for path in archives(folder):
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            file.write(f"{digest}  {path.name}\n")
    os.replace(new, folder / "SHA256SUMS")


def point_to(link, name):
    new = link.with_name(link.name + ".new")
    new.unlink(missing_ok=True)
    new.symlink_to(name)
    os.replace(new, link)


@task(help={"number": "of the release", "format": "tar or zip"})
def pack(c, name, number, format="tar"):
    """Pack what was built."""
    product = Product(name)
    if not product.out.exists():
        raise Exit(f"{name} is not built", code=2)
    folder = shelf(product)
    folder.mkdir(parents=True, exist_ok=True)
    stem = f"{folder.name}-{number}"
    if format == "zip":
        archive = folder / f"{stem}.zip"
        shutil.make_archive(str(folder / stem), "zip", product.out)
    else:
        archive = folder / f"{stem}.tar.gz"
        with c.cd(str(product.out)):
            c.run(f"tar -czf {shlex.quote(str(archive))} *")
    write_sums(folder)
    point_to(folder / "latest", archive.name)
    print(f"packed {archive.name}")


@task
def verify(c, name):
    """Hold the archives against their checksums."""
    with c.cd(str(shelf(Product(name)))):
        c.run("sha256sum -c --quiet SHA256SUMS")
    print(f"{name}: all well")


@task(name="list")
def list_releases(_, name):
    """Name the releases of a product."""
    folder = shelf(Product(name))
    for path in archives(folder):
        print(f"{path.name} {path.stat().st_size}")
    print("latest:", os.readlink(folder / "latest"))


@task
def prune(c, name, keep=0):
    """Throw old releases away."""
    folder = shelf(Product(name))
    old = sorted(archives(folder), key=lambda path: path.stat().st_mtime)
    for path in old[:-(keep or int(c.shop.keep))]:
        path.unlink()
        print(f"gone: {path.name}")
    write_sums(folder)
