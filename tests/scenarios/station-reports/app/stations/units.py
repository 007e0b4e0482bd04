# SPDX-License-Identifier: Apache-2.0
"""Conversions: one plugin for each quantity, loaded when it is asked for."""
import importlib.util
import re

from fastapi import APIRouter, HTTPException, Query

from .config import PLUGINS, log

router = APIRouter()
_loaded = {}


def plugin(quantity):
    if quantity not in _loaded:
        path = PLUGINS / f"{quantity}.py"
        if not re.fullmatch(r"[a-z]+", quantity) or not path.is_file():
            raise HTTPException(404, f"no conversion of {quantity}")
        spec = importlib.util.spec_from_file_location(
            f"conversion_{quantity}", path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        log.info("plugin %s loaded", quantity)
        _loaded[quantity] = module
    return _loaded[quantity]


@router.get("/convert/{quantity}")
def convert(quantity: str, value: float, unit: str,
            into: str = Query(alias="to")):
    try:
        result = plugin(quantity).convert(value, unit, into)
    except KeyError as error:
        raise HTTPException(422, f"no unit {error}") from None
    return {"value": result, "unit": into}
