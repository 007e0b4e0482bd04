"""What comes in."""
import datetime
import typing

import pydantic


class Login(pydantic.BaseModel):
    name: str
    password: str


class Tool(pydantic.BaseModel):
    title: pydantic.constr(min_length=2, max_length=80)
    kind: str = "daily"
    cents: pydantic.conint(ge=0) = 0
    place: str = "shed"


class Loan(pydantic.BaseModel):
    tool: int
    since: datetime.date
    days: pydantic.conint(ge=1, le=60)


class Hook(pydantic.BaseModel):
    url: str


class Export(pydantic.BaseModel):
    kind: typing.Literal["csv", "json", "xlsx", "zip"]
    name: str
    tool: int = 0
    files: typing.List[str] = []
    delimiter: str = ","
