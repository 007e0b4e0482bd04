# SPDX-License-Identifier: Apache-2.0
"""Members and what they have made."""
from django.contrib.auth.models import User
from django.db import models


def place_of(piece, name):
    return f"pieces/{piece.year}/{piece.member.user.username}/{name}"


class Member(models.Model):
    user = models.OneToOneField(User, models.CASCADE)
    craft = models.CharField(max_length=60)
    town = models.CharField(max_length=60)
    joined = models.IntegerField(default=2026)

    def __str__(self):
        return self.user.username


class Piece(models.Model):
    member = models.ForeignKey(Member, models.CASCADE)
    title = models.CharField(max_length=90)
    year = models.IntegerField()
    picture = models.ImageField(upload_to=place_of)
