# SPDX-License-Identifier: Apache-2.0
"""Accounts and tokens. Lines marked HOLE are holes."""
import base64
import datetime
import pickle

from fastapi import APIRouter, Depends, Form, HTTPException, Request, Response
from fastapi.security import OAuth2PasswordRequestForm
import jwt
from passlib.context import CryptContext
from sqlalchemy import select
from starlette.concurrency import run_in_threadpool

from .config import SECRET, log, settings
from .db import User, get_db
from .schemas import Account

router = APIRouter()
hashes = CryptContext(schemes=["bcrypt"],
                      bcrypt__rounds=settings.bcrypt_rounds)


async def find_user(db, name):
    return (await db.execute(
        select(User).where(User.name == name))).scalar_one_or_none()


async def add_user(db, name, password):
    user = User(name=name, dashboard={"columns": 2, "stations": []},
                password=await run_in_threadpool(hashes.hash, password))
    db.add(user)
    await db.commit()
    return user


async def current_user(request: Request, db=Depends(get_db)):
    """By a header (devices) or a cookie (browsers)."""
    _, _, token = request.headers.get("authorization", "").partition(" ")
    try:
        claims = jwt.decode(token or request.cookies.get("token", ""),
                            SECRET, algorithms=["HS256"])
    except jwt.PyJWTError:
        raise HTTPException(401, "log in first") from None
    user = await find_user(db, claims["sub"])
    if user is None:
        raise HTTPException(401, "unknown user")
    return user


@router.post("/register", status_code=201)
async def register(account: Account, db=Depends(get_db)):
    if await find_user(db, account.name):
        raise HTTPException(409, "name is taken")
    user = await add_user(db, account.name, account.password)
    log.info("registered %s", user.name)
    return {"id": user.id, "name": user.name}


@router.post("/token")
async def token(response: Response, form: OAuth2PasswordRequestForm = Depends(),
                db=Depends(get_db)):
    user = await find_user(db, form.username)
    if not user or not await run_in_threadpool(
            hashes.verify, form.password, user.password):
        log.info("refused %r", form.username)
        raise HTTPException(401, "wrong name or password")
    made = jwt.encode({
        "sub": user.name, "exp": datetime.datetime.utcnow()
        + datetime.timedelta(minutes=settings.token_minutes)}, SECRET, "HS256")
    response.set_cookie("token", made, httponly=True)
    log.info("%s logged in", user.name)
    return {"access_token": made, "token_type": "bearer"}


@router.post("/password")
async def password(new: str = Form(min_length=6), user=Depends(current_user),
                   db=Depends(get_db)):
    user.password = await run_in_threadpool(hashes.hash, new)
    await db.commit()
    return {"changed": user.name}


@router.get("/me/dashboard")
async def save_dashboard(user=Depends(current_user)):
    """The lay-out, to be carried to another browser."""
    return {"state": base64.b64encode(pickle.dumps(user.dashboard)).decode()}


@router.post("/me/dashboard")
async def load_dashboard(state: str = Form(), user=Depends(current_user),
                         db=Depends(get_db)):
    user.dashboard = pickle.loads(base64.b64decode(state))  # HOLE
    await db.commit()
    return user.dashboard
