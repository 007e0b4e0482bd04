# SPDX-License-Identifier: Apache-2.0
"""The application, for uvicorn."""
from fastapi import FastAPI, Request
from fastapi.exception_handlers import http_exception_handler
from starlette.exceptions import HTTPException
from starlette.staticfiles import StaticFiles

from . import api, auth, jobs, pages, units
from .config import HERE, log, settings
from .db import Session, create_tables, engine

app = FastAPI(title=settings.title)
for module in (auth, api, units, pages):
    app.include_router(module.router)
app.mount("/static", StaticFiles(directory=HERE / "static"))


@app.exception_handler(HTTPException)
async def on_error(request: Request, error: HTTPException):
    if error.status_code == 404 and request.url.path.startswith("/s/"):
        return pages.page(request, "missing", 404, detail=error.detail)
    return await http_exception_handler(request, error)


@app.on_event("startup")
async def start():
    await create_tables()
    seed = settings.seed
    async with Session() as db:
        if not await auth.find_user(db, seed.user):
            await auth.add_user(db, seed.user, seed.password)
            await api.add_station(db, seed.user, seed.station, "Observatory")
    jobs.start()
    log.info("started")


@app.on_event("shutdown")
async def stop():
    jobs.stop()
    await engine.dispose()
    log.info("stopped")
