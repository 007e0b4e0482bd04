# SPDX-License-Identifier: Apache-2.0
"""`pip install --no-build-isolation .`: the package in tools/python."""
import setuptools

setuptools.setup(
    name="secmgr",
    version="0.1.0",
    description="The exception raised in a process under secmgr-enforce",
    license="Apache-2.0",
    packages=["secmgr"],
    package_dir={"": "tools/python"},
    python_requires=">=3.8",
)
