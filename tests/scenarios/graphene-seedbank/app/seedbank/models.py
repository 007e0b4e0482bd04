# SPDX-License-Identifier: Apache-2.0
"""Tables."""
import datetime
import hashlib

from sqlalchemy import Column, Date, Float, ForeignKey, Integer, String
from sqlalchemy import create_engine
from sqlalchemy.orm import (declarative_base, relationship, scoped_session,
                            sessionmaker)

from seedbank import VAR

engine = create_engine(f"sqlite:///{VAR}/seedbank.db")
Session = scoped_session(sessionmaker(engine))
Base = declarative_base()


def digest(password, name):
    return hashlib.pbkdf2_hmac("sha256", password.encode(), name.encode(),
                               1000).hex()


class Gardener(Base):
    __tablename__ = "gardeners"
    name = Column(String, primary_key=True)
    password = Column(String)
    token = Column(String, index=True)


class Accession(Base):
    __tablename__ = "accessions"
    id = Column(Integer, primary_key=True)
    code = Column(String, unique=True)
    taxon = Column(String)
    grams = Column(Float, default=0)
    collected = Column(Date, default=datetime.date.today)
    tests = relationship("Test", order_by="Test.day")


class Test(Base):
    __tablename__ = "tests"
    id = Column(Integer, primary_key=True)
    accession_id = Column(ForeignKey("accessions.id"))
    day = Column(String)
    sown = Column(Integer)
    germinated = Column(Integer)


class Partner(Base):
    __tablename__ = "partners"
    name = Column(String, primary_key=True)
    url = Column(String)
