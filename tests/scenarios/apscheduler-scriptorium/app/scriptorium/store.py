# SPDX-License-Identifier: Apache-2.0
"""The database: the queue, which is the scheduler's, and the outcomes."""
import datetime

from sqlalchemy import Column, DateTime, Integer, String, Text, create_engine
from sqlalchemy.orm import declarative_base, sessionmaker

from . import settings

engine = create_engine(f"sqlite:///{settings.VAR}/queue.sqlite",
                       connect_args={"timeout": 20})
Base = declarative_base()
Session = sessionmaker(engine)


class Outcome(Base):
    """What became of one run of a job."""
    __tablename__ = "outcomes"
    number = Column(Integer, primary_key=True)
    job = Column(String(191), index=True, nullable=False)
    state = Column(String(10), nullable=False)
    value = Column(Text, nullable=False)
    ended = Column(DateTime, default=datetime.datetime.utcnow)


def prepare():
    Base.metadata.create_all(engine)
