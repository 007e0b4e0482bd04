# SPDX-License-Identifier: Apache-2.0
"""Tables."""
from sqlalchemy import (Column, DateTime, Float, ForeignKey, Integer, JSON,
                        String)
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.orm import declarative_base, sessionmaker

from .config import DATA

engine = create_async_engine(f"sqlite+aiosqlite:///{DATA}/stations.sqlite3",
                             connect_args={"timeout": 15})
Session = sessionmaker(engine, class_=AsyncSession, expire_on_commit=False)
Base = declarative_base()


class User(Base):
    __tablename__ = "users"
    id = Column(Integer, primary_key=True)
    name = Column(String, unique=True, nullable=False)
    password = Column(String, nullable=False)
    dashboard = Column(JSON, default=dict)


class Station(Base):
    __tablename__ = "stations"
    id = Column(Integer, primary_key=True)
    slug = Column(String, unique=True, nullable=False)
    title = Column(String, nullable=False)
    altitude = Column(Float, default=0)
    owner = Column(String, nullable=False)
    calibration = Column(JSON, default=dict)


class Measurement(Base):
    __tablename__ = "measurements"
    id = Column(Integer, primary_key=True)
    station_id = Column(ForeignKey("stations.id"), index=True)
    time = Column(DateTime, index=True)
    sensor = Column(String)
    value = Column(Float)


class Hook(Base):
    __tablename__ = "hooks"
    id = Column(Integer, primary_key=True)
    station_id = Column(ForeignKey("stations.id"), index=True)
    url = Column(String)


class Delivery(Base):
    """What a partner has not taken yet."""
    __tablename__ = "deliveries"
    id = Column(Integer, primary_key=True)
    url = Column(String)
    payload = Column(JSON)
    tries = Column(Integer, default=1)


async def get_db():
    async with Session() as db:
        yield db


async def create_tables():
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
