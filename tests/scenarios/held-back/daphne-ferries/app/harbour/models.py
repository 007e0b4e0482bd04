# SPDX-License-Identifier: Apache-2.0
"""What is kept."""
import secrets

from django.contrib.auth.models import User
from django.db import models

LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"


def new_key():
    return secrets.token_hex(20)


def new_ref():
    return "".join(secrets.choice(LETTERS) for _ in range(6))


class Token(models.Model):
    key = models.CharField(max_length=40, unique=True, default=new_key)
    user = models.ForeignKey(User, models.CASCADE)
    made = models.DateTimeField(auto_now_add=True)


class Sailing(models.Model):
    leaves = models.DateTimeField()
    origin = models.CharField(max_length=60)
    destination = models.CharField(max_length=60)
    ship = models.CharField(max_length=60)
    miles = models.FloatField()
    price = models.DecimalField(max_digits=8, decimal_places=2)

    class Meta:
        ordering = ["leaves", "id"]


class Booking(models.Model):
    ref = models.CharField(max_length=8, unique=True, default=new_ref)
    owner = models.ForeignKey(User, models.CASCADE)
    sailing = models.ForeignKey(Sailing, models.CASCADE)
    fare = models.CharField(max_length=20)
    price = models.DecimalField(max_digits=8, decimal_places=2)
    passengers = models.JSONField(default=list)


class Hook(models.Model):
    owner = models.ForeignKey(User, models.CASCADE)
    url = models.URLField()
    template = models.TextField()
