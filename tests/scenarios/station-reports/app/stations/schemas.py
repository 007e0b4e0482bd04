# SPDX-License-Identifier: Apache-2.0
"""What clients send."""
import datetime
from typing import Optional

from pydantic import AnyHttpUrl, BaseModel, Field, constr

MONTH = r"^\d{4}-\d\d$"
Slug = constr(regex=r"^[A-Za-z0-9][A-Za-z0-9 ._-]{1,40}$")


class Account(BaseModel):
    name: str = Field(min_length=2, max_length=60)
    password: str = Field(min_length=6)


class NewStation(BaseModel):
    slug: Slug
    title: str
    altitude: float = 0


class Reading(BaseModel):
    time: datetime.datetime
    sensor: constr(regex=r"^[a-z]+$")
    value: float


class NewHook(BaseModel):
    url: AnyHttpUrl


class StationSettings(BaseModel):
    title: Optional[str]
    altitude: Optional[float]
    calibration: dict = {}


class Bulletin(BaseModel):
    month: constr(regex=MONTH)
    template: str
