"""Who somebody is: passwords in the central database, tokens after that."""
import contextlib
import datetime
import sqlite3

import fastapi
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
import jwt
from passlib.context import CryptContext
import pydantic

from .settings import settings

HASHES = CryptContext(schemes=["pbkdf2_sha256"],
                      pbkdf2_sha256__rounds=2000)
bearer = HTTPBearer()


class User(pydantic.BaseModel):
    name: str
    tenant: str
    role: str = "keeper"


@contextlib.contextmanager
def central():
    database = sqlite3.connect(settings().data / "central.db", timeout=15)
    try:
        with database:
            yield database
    finally:
        database.close()


def add(user: User, password: str):
    with central() as database:
        database.execute("insert into users values (?, ?, ?, ?)", (
            user.name, user.tenant, user.role, HASHES.hash(password)))


def enter(name: str, password: str):
    """A token, or None."""
    with central() as database:
        row = database.execute(
            "select tenant, role, hash from users where name = ?",
            (name,)).fetchone()
    if not row or not HASHES.verify(password, row[2]):
        return None
    end = (datetime.datetime.now(datetime.timezone.utc)
           + datetime.timedelta(minutes=settings().token_minutes))
    return jwt.encode({"sub": name, "tenant": row[0], "role": row[1],
                       "exp": end}, settings().jwt_key, algorithm="HS256")


def user(given: HTTPAuthorizationCredentials = fastapi.Depends(bearer)):
    try:
        claims = jwt.decode(given.credentials, settings().jwt_key,
                            algorithms=["HS256"])
    except jwt.PyJWTError as error:
        raise fastapi.HTTPException(401, str(error)) from error
    return User(name=claims["sub"], tenant=claims["tenant"],
                role=claims["role"])


def admin(who: User = fastapi.Depends(user)):
    if who.role != "admin":
        raise fastapi.HTTPException(403, "for the office only")
    return who
