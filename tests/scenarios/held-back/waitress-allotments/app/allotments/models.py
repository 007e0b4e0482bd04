# SPDX-License-Identifier: Apache-2.0
"""Members, their plots, and what they photographed."""
from flask_login import UserMixin
from flask_sqlalchemy import SQLAlchemy
from werkzeug.security import check_password_hash, generate_password_hash

db = SQLAlchemy()


class Member(db.Model, UserMixin):
    id = db.Column(db.Integer, primary_key=True)
    name = db.Column(db.String, unique=True, nullable=False)
    hash = db.Column(db.String, nullable=False)
    is_board = db.Column(db.Boolean, default=False)
    plots = db.relationship("Plot", back_populates="owner")

    def set_password(self, password):
        self.hash = generate_password_hash(password, "pbkdf2:sha256:1000")

    def knows(self, password):
        return check_password_hash(self.hash, password)


class Plot(db.Model):
    id = db.Column(db.Integer, primary_key=True)
    area = db.Column(db.Float, nullable=False)
    owner_id = db.Column(db.ForeignKey("member.id"))
    owner = db.relationship(Member, back_populates="plots")


class Seed(db.Model):
    id = db.Column(db.Integer, primary_key=True)
    name = db.Column(db.String, nullable=False)
    grams = db.Column(db.Integer, nullable=False)
    giver = db.Column(db.ForeignKey("member.id"))


class Picture(db.Model):
    id = db.Column(db.Integer, primary_key=True)
    plot = db.Column(db.ForeignKey("plot.id"))
    name = db.Column(db.String, nullable=False)
    note = db.Column(db.String)
