# SPDX-License-Identifier: Apache-2.0
"""courier: the commands."""
import argparse
import csv
import datetime
import logging
import logging.handlers
import pathlib
import sys
import urllib.parse
import zipfile

import requests
from lxml import etree

from courier import config, dav, state
from courier import job as jobs

TOP = pathlib.Path(__file__).resolve().parents[1]
log = logging.getLogger("courier")


def find_folder(customer, name):
    """The folder a job was fetched into, the newest."""
    found = sorted(customer.jobs.glob("*/" + name))
    if not found:
        raise config.Unknown(f"no job {name}")
    return found[-1]


# ---------------------------------------------------------------------- fetch
def fetch(customer, remote, options):
    known = state.load(customer)
    names = [entry.path.rstrip("/").split("/")[-1]
             for entry in remote.listing("jobs") if entry.is_folder]
    wanted = [name for name in names
              if options.job in (None, name)
              and (options.force or name not in known["jobs"])]
    if options.job and options.job not in names:
        raise config.Unknown(f"no job {options.job}")
    for name in wanted[:options.limit]:
        if options.dry_run:
            print(f"would fetch {name}")
            continue
        known["jobs"][name] = fetch_job(customer, remote, name, options)
        state.save(customer, known)
    print(f"{len(wanted[:options.limit])} of {len(names)} jobs")


def fetch_job(customer, remote, name, options):
    folder = customer.jobs / options.date / name
    job = jobs.parse(remote.read(remote.url(f"jobs/{name}/job.xml")))
    made = []
    for entry in remote.walk(f"jobs/{name}"):
        target = folder / entry.path[len(f"jobs/{name}/"):]
        remote.download(entry, target)
        wanted = job.sums.get(target.name)
        if wanted and wanted != jobs.checksum(target):
            target.unlink()
            raise ValueError(f"{target.name}: checksum differs")
        made.append(target)
        log.info("%s: fetched %s, %d bytes", customer.name, entry.path,
                 entry.size)
    for href in job.references:
        url = urllib.parse.urljoin(remote.base, href)
        target = folder / "references" / url.rsplit("/", 1)[-1]
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(remote.read(url))
    if not options.no_unpack:
        for package in [path for path in made if path.suffix == ".zip"]:
            jobs.unpack(package, folder / package.stem)
    texts = [path for path in sorted(folder.rglob("*"))
             if path.is_file() and path.suffix != ".zip"]
    (folder / "checksums.sha256").write_text("".join(
        f"{jobs.checksum(path)}  {path.relative_to(folder)}\n"
        for path in texts), encoding="utf-8")
    count = sum(map(jobs.words, texts))
    for path in texts:
        for term in jobs.terms(path):
            log.warning("%s: %s: mind the term %s", name, path.name, term)
    print(f"{name}: {job.title}, {job.languages}, {count} words, "
          f"{jobs.price(job, count)} EUR")
    return {"title": job.title, "fetched": options.date, "words": count,
            "price": jobs.price(job, count), "translator": options.translator,
            "due": job.due, "delivered": None}


# -------------------------------------------------------------------- deliver
def pack(customer, options):
    """A zip of what the translator made of a job."""
    source = TOP / "outbox" / options.translator / options.job
    if not source.is_dir():
        raise config.Unknown(f"nothing in the outbox for {options.job}")
    package = (TOP / "packages" / customer.name
               / f"{options.job}_{options.date}.zip")
    files = [path for path in sorted(source.rglob("*")) if path.is_file()]
    if options.dry_run:
        print("would pack " + ", ".join(path.name for path in files))
        return package
    package.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(package, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in files:
            archive.write(path, path.relative_to(source))
    print(f"packed {len(files)} files into {package.name}")
    return package


def deliver(customer, remote, options):
    package = pack(customer, options)
    if options.dry_run:
        print(f"would deliver {package.name}")
        return
    folder = find_folder(customer, options.job)
    job = jobs.parse((folder / "job.xml").read_bytes())
    place = f"delivered/{options.job}"
    remote.make_folder("delivered")
    remote.make_folder(place)
    remote.upload(package, f"{place}/{package.name}")
    for name in job.returns:
        remote.upload(folder / name, f"{place}/{pathlib.Path(name).name}")
    remote.upload_bytes(receipt(job, package, options), f"{place}/receipt.xml")
    known = state.load(customer)
    known["jobs"].setdefault(options.job, {})["delivered"] = options.date
    state.save(customer, known)
    log.info("%s: delivered %s", customer.name, package.name)
    print(f"delivered {package.name}")


def receipt(job, package, options):
    root = etree.Element("receipt", job=options.job, date=options.date)
    etree.SubElement(root, "title").text = job.title
    etree.SubElement(root, "translator").text = options.translator
    etree.SubElement(root, "sha256").text = jobs.checksum(package)
    if options.note:
        etree.SubElement(root, "note").text = options.note
    return etree.tostring(root, pretty_print=True, encoding="utf-8")


# ------------------------------------------------------------------ the others
def show(_, remote, options):
    for entry in remote.listing(options.folder):
        print(f"{entry.size:9} {entry.modified:30} {entry.path}")


def verify(customer, options):
    folder = find_folder(customer, options.job)
    wrong = 0
    lines = (folder / "checksums.sha256").read_text(encoding="utf-8")
    for line in lines.splitlines():
        digest, name = line.split("  ", 1)
        if jobs.checksum(folder / name) != digest:
            print(f"{name}: differs")
            wrong += 1
    print(f"{options.job}: {wrong} files differ")
    return 1 if wrong else 0


def status(options):
    for name in options.customers or config.customers(TOP):
        known = state.load(config.load(TOP, name))["jobs"]
        for job, row in sorted(known.items()):
            print(f"{name} {job}: {row.get('title')}, "
                  f"{row.get('delivered') or 'open'}")


def report(options):
    """What has been earned, for the books."""
    with open(options.output, "w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["customer", "job", "title", "words", "price"])
        for name in config.customers(TOP):
            known = state.load(config.load(TOP, name))["jobs"]
            for job, row in sorted(known.items()):
                rows.writerow([name, job, row.get("title"), row.get("words"),
                               row.get("price")])
    print(f"wrote {options.output}")


def arguments():
    parser = argparse.ArgumentParser(prog="courier")
    parser.add_argument("--verbose", action="store_true")
    parser.add_argument("--translator", default="house")
    parser.add_argument("--date", default=datetime.date.today().isoformat())
    parser.add_argument("--retries", type=int, default=2)
    parser.add_argument("--dry-run", action="store_true")
    commands = parser.add_subparsers(dest="command", required=True)
    part = commands.add_parser("list")
    part.add_argument("customer")
    part.add_argument("folder", nargs="?", default="jobs")
    part = commands.add_parser("fetch")
    part.add_argument("customer")
    part.add_argument("job", nargs="?")
    part.add_argument("--limit", type=int)
    part.add_argument("--force", action="store_true")
    part.add_argument("--no-unpack", action="store_true")
    for name in ("pack", "deliver", "verify"):
        part = commands.add_parser(name)
        part.add_argument("customer")
        part.add_argument("job")
        part.add_argument("--note", default="")
    part = commands.add_parser("status")
    part.add_argument("customers", nargs="*")
    part = commands.add_parser("report")
    part.add_argument("--output", required=True)
    return parser.parse_args()


def start_log(is_verbose):
    (TOP / "log").mkdir(exist_ok=True)
    handler = logging.handlers.RotatingFileHandler(
        TOP / "log/courier.log", maxBytes=100_000, backupCount=3,
        encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(process)d "
                                           "%(levelname)s %(message)s"))
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(logging.DEBUG if is_verbose else logging.INFO)
    if is_verbose:
        root.addHandler(logging.StreamHandler())


def with_remote(work, options):
    customer = config.load(TOP, options.customer)
    with state.locked(customer):
        remote = dav.Remote(customer, options.retries)
        try:
            return work(customer, remote, options)
        finally:
            remote.close()


def run(options):
    remote_work = {"fetch": fetch, "deliver": deliver, "list": show}
    if options.command in remote_work:
        return with_remote(remote_work[options.command], options)
    if options.command == "status":
        return status(options)
    if options.command == "report":
        return report(options)
    customer = config.load(TOP, options.customer)
    if options.command == "pack":
        pack(customer, options)
        return 0
    return verify(customer, options)


def main():
    options = arguments()
    start_log(options.verbose)
    try:
        return run(options) or 0
    except (config.Unknown, requests.RequestException, OSError, ValueError,
            etree.XMLSyntaxError) as error:
        log.error("%s", error)
        print(f"courier: {error}", file=sys.stderr)
        return 3
