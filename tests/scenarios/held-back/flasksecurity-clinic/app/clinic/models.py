# SPDX-License-Identifier: Apache-2.0
"""What is kept."""
from flask_security.models import fsqla_v2 as fsqla
from flask_sqlalchemy import SQLAlchemy

db = SQLAlchemy()
fsqla.FsModels.set_db_info(db)


class Role(db.Model, fsqla.FsRoleMixin):
    pass


class User(db.Model, fsqla.FsUserMixin):
    full_name = db.Column(db.String(80))


class Pet(db.Model):
    id = db.Column(db.Integer, primary_key=True)
    owner_id = db.Column(db.ForeignKey("user.id"), nullable=False)
    owner = db.relationship("User", backref="pets")
    name = db.Column(db.String(80), nullable=False)
    species = db.Column(db.String(20), nullable=False)
    chip = db.Column(db.String(20))


class Appointment(db.Model):
    id = db.Column(db.Integer, primary_key=True)
    pet_id = db.Column(db.ForeignKey("pet.id"), nullable=False)
    pet = db.relationship("Pet", backref="appointments")
    day = db.Column(db.Date, nullable=False)
    reason = db.Column(db.String(200), nullable=False)
    cents = db.Column(db.Integer, default=0)


class Paper(db.Model):
    """A file somebody sent, below the folder of its pet."""
    id = db.Column(db.Integer, primary_key=True)
    pet_id = db.Column(db.ForeignKey("pet.id"), nullable=False)
    pet = db.relationship("Pet", backref="papers")
    kind = db.Column(db.String(20), nullable=False)
    name = db.Column(db.String(400), nullable=False)
    words = db.Column(db.Text)
