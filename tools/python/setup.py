# SPDX-License-Identifier: Apache-2.0
"""Pure Python and without dependencies:

    pip install --no-build-isolation ./tools/python

needs no network where setuptools is installed."""
import setuptools

setuptools.setup(
    name="secmgr",
    version="0.1.0",
    description="The exception raised in a process under secmgr-enforce",
    license="Apache-2.0",
    packages=["secmgr"],
    python_requires=">=3.8",
)
