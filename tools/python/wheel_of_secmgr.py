# SPDX-License-Identifier: Apache-2.0
"""Builds the wheel of the package beside it (PEP 517), with nothing but the
standard library: pip would fetch any other builder from the network."""
import base64
import hashlib
import io
import pathlib
import re
import tarfile
import zipfile

PACKAGE = pathlib.Path(__file__).resolve().parent / "secmgr"
TOP = PACKAGE.parents[2]
VERSION = re.search(r'^__version__ = "(.*)"$',
                    (PACKAGE / "__init__.py").read_text(), re.M).group(1)
NAME = f"secmgr-{VERSION}"
INFO = f"{NAME}.dist-info"
METADATA = f"""\
Metadata-Version: 2.1
Name: secmgr
Version: {VERSION}
Summary: The exception raised in a process under secmgr-enforce
License: Apache-2.0
Requires-Python: >=3.8
"""
WHEEL = """\
Wheel-Version: 1.0
Generator: secmgr
Root-Is-Purelib: true
Tag: py3-none-any
"""
# The oldest time a zip file can tell: same sources, same bytes.
TIME = (1980, 1, 1, 0, 0, 0)


def package_files():
    for path in sorted(PACKAGE.glob("*.py")):
        yield f"secmgr/{path.name}", path.read_bytes()


def digest(data):
    value = base64.urlsafe_b64encode(hashlib.sha256(data).digest())
    return value.rstrip(b"=").decode()


def build_wheel(wheel_directory, config_settings=None,
                metadata_directory=None):
    files = dict(package_files())
    files[f"{INFO}/METADATA"] = METADATA.encode()
    files[f"{INFO}/WHEEL"] = WHEEL.encode()
    record = "".join(f"{name},sha256={digest(data)},{len(data)}\n"
                     for name, data in files.items())
    files[f"{INFO}/RECORD"] = (record + f"{INFO}/RECORD,,\n").encode()
    wheel = f"{NAME}-py3-none-any.whl"
    with zipfile.ZipFile(pathlib.Path(wheel_directory, wheel), "w",
                         zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            member = zipfile.ZipInfo(name, TIME)
            member.external_attr = 0o100644 << 16
            archive.writestr(member, data)
    return wheel


def build_sdist(sdist_directory, config_settings=None):
    files = {f"tools/python/{name}": data for name, data in package_files()}
    for path in (TOP / "pyproject.toml", TOP / "LICENSE",
                 pathlib.Path(__file__).resolve()):
        files[str(path.relative_to(TOP))] = path.read_bytes()
    files["PKG-INFO"] = METADATA.encode()
    sdist = f"{NAME}.tar.gz"
    with tarfile.open(pathlib.Path(sdist_directory, sdist), "w:gz",
                      format=tarfile.PAX_FORMAT) as archive:
        for name, data in files.items():
            member = tarfile.TarInfo(f"{NAME}/{name}")
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return sdist
