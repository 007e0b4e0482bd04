# SPDX-License-Identifier: Apache-2.0
import sqlalchemy
from sqlalchemy import orm

Base = orm.declarative_base()
Session = orm.sessionmaker(future=True)


class User(Base):
    __tablename__ = "users"
    name = sqlalchemy.Column(sqlalchemy.String, primary_key=True)
    hash = sqlalchemy.Column(sqlalchemy.String)


class Sighting(Base):
    __tablename__ = "sightings"
    id = sqlalchemy.Column(sqlalchemy.Integer, primary_key=True)
    user = sqlalchemy.Column(sqlalchemy.String)
    day = sqlalchemy.Column(sqlalchemy.String)
    species = sqlalchemy.Column(sqlalchemy.String)
    place = sqlalchemy.Column(sqlalchemy.String)
    count = sqlalchemy.Column(sqlalchemy.Integer)


def connect(url, create=False):
    engine = sqlalchemy.create_engine(url, future=True)
    Session.configure(bind=engine)
    if create:
        Base.metadata.create_all(engine)
