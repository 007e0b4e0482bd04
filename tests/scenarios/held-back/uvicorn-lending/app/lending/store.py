# SPDX-License-Identifier: Apache-2.0
"""What is kept in the database and where files are."""
import hashlib
import json
import pathlib

from sqlalchemy import (Column, Date, ForeignKey, Integer, String,
                        create_engine)
from sqlalchemy.orm import declarative_base, relationship, sessionmaker

HERE = pathlib.Path(__file__).resolve().parents[1]
VAR = HERE / "var"
SETTINGS = json.loads((HERE / "instance/settings.json").read_text())
ENGINE = create_engine(f"sqlite:///{VAR}/lending.db",
                       connect_args={"check_same_thread": False})
Session = sessionmaker(ENGINE, expire_on_commit=False)
Base = declarative_base()


class Borrower(Base):
    __tablename__ = "borrowers"
    name = Column(String, primary_key=True)
    password = Column(String)


class Tool(Base):
    __tablename__ = "tools"
    id = Column(Integer, primary_key=True)
    name = Column(String)
    category = Column(String)
    cents = Column(Integer)


class Loan(Base):
    __tablename__ = "loans"
    id = Column(Integer, primary_key=True)
    tool_id = Column(ForeignKey("tools.id"))
    borrower = Column(ForeignKey("borrowers.name"))
    start = Column(Date)
    until = Column(Date)
    returned = Column(Date)
    tool = relationship(Tool, lazy="joined")


def hashed(name, password):
    return hashlib.pbkdf2_hmac("sha256", password.encode(), name.encode(),
                               5000).hex()


def folder(*names):
    path = VAR.joinpath(*map(str, names))
    path.mkdir(parents=True, exist_ok=True)
    return path
