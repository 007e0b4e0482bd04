# SPDX-License-Identifier: Apache-2.0
"""What the garage keeps, in SQLite by peewee."""
import datetime
import hashlib
import os

import peewee

from garage import VAR

database = peewee.SqliteDatabase(VAR / "garage.db", pragmas={
    "journal_mode": "wal", "foreign_keys": 1})


class Row(peewee.Model):
    class Meta:
        database = database


class User(Row):
    name = peewee.CharField(unique=True)
    salt = peewee.BlobField()
    password = peewee.BlobField()
    mail = peewee.CharField()

    @classmethod
    def add(cls, name, password, mail):
        salt = os.urandom(16)
        return cls.create(name=name, salt=salt, mail=mail,
                          password=digest(password, salt))

    def is_password(self, password):
        return digest(password, bytes(self.salt)) == bytes(self.password)


class Order(Row):
    owner = peewee.ForeignKeyField(User, backref="orders")
    plate = peewee.CharField()
    what = peewee.TextField()
    cents = peewee.IntegerField(default=0)
    day = peewee.DateField(default=datetime.date.today)
    is_paid = peewee.BooleanField(default=False)


class Reminder(Row):
    order = peewee.ForeignKeyField(Order, backref="reminders")
    sent = peewee.DateTimeField(default=datetime.datetime.now)


TABLES = [User, Order, Reminder]


def digest(password, salt):
    return hashlib.pbkdf2_hmac("sha256", password.encode(), salt, 2000)
