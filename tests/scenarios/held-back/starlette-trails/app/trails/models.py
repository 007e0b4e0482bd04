from sqlalchemy import Column, Date, Float, Integer, LargeBinary, String
from sqlalchemy.orm import declarative_base

Base = declarative_base()


class Person(Base):
    __tablename__ = "people"
    name = Column(String, primary_key=True)
    salt = Column(LargeBinary)
    hash = Column(LargeBinary)


class Trail(Base):
    __tablename__ = "trails"
    id = Column(Integer, primary_key=True)
    owner = Column(String)
    title = Column(String)
    region = Column(String)
    km = Column(Float)
    walked = Column(Date)
    effort = Column(Float)

    def card(self):
        return {"id": self.id, "owner": self.owner, "title": self.title,
                "region": self.region, "km": self.km,
                "walked": self.walked.isoformat(), "effort": self.effort}
