# SPDX-License-Identifier: Apache-2.0
"""What the library knows."""
from flask_login import UserMixin
from werkzeug.security import check_password_hash, generate_password_hash

from .extensions import db, login


class Member(UserMixin, db.Model):
    id = db.Column(db.Integer, primary_key=True)
    name = db.Column(db.String(80), unique=True, nullable=False)
    email = db.Column(db.String(120), nullable=False)
    voice = db.Column(db.String(20), nullable=False)
    is_librarian = db.Column(db.Boolean, default=False)
    password_hash = db.Column(db.String(200))

    def set_password(self, password):
        self.password_hash = generate_password_hash(password)

    def has_password(self, password):
        return check_password_hash(self.password_hash, password)


class Piece(db.Model):
    id = db.Column(db.Integer, primary_key=True)
    title = db.Column(db.String(120), nullable=False)
    composer = db.Column(db.String(80), nullable=False)
    copies = db.Column(db.Integer, default=1)
    price = db.Column(db.Float, default=0)
    scores = db.relationship("Score", backref="piece")
    recordings = db.relationship("Recording", backref="piece")
    loans = db.relationship("Loan", backref="piece")


class Score(db.Model):
    id = db.Column(db.Integer, primary_key=True)
    piece_id = db.Column(db.ForeignKey("piece.id"), nullable=False)
    path = db.Column(db.String(300), nullable=False)


class Recording(db.Model):
    id = db.Column(db.Integer, primary_key=True)
    piece_id = db.Column(db.ForeignKey("piece.id"), nullable=False)
    path = db.Column(db.String(300), nullable=False)


class Loan(db.Model):
    id = db.Column(db.Integer, primary_key=True)
    piece_id = db.Column(db.ForeignKey("piece.id"), nullable=False)
    member_id = db.Column(db.ForeignKey("member.id"), nullable=False)
    since = db.Column(db.Date, nullable=False)
    until = db.Column(db.Date, nullable=False)
    returned = db.Column(db.Date)
    member = db.relationship("Member", backref="loans")


@login.user_loader
def load_member(number):
    return db.session.get(Member, int(number))
