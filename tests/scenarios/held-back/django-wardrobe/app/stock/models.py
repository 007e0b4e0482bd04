# SPDX-License-Identifier: Apache-2.0
"""Costumes and who has them."""
from django.conf import settings
from django.db import models


class Costume(models.Model):
    name = models.CharField(max_length=80)
    size = models.CharField(max_length=12)
    cents = models.PositiveIntegerField(default=0)
    notes = models.TextField(blank=True)

    def __str__(self):
        return self.name


class Photo(models.Model):
    costume = models.ForeignKey(Costume, models.CASCADE)
    path = models.CharField(max_length=300)
    taken = models.DateTimeField(auto_now_add=True)

    def __str__(self):
        return self.path


class Hire(models.Model):
    costume = models.ForeignKey(Costume, models.CASCADE)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE)
    first = models.DateField()
    last = models.DateField()
    cents = models.PositiveIntegerField()

    def __str__(self):
        return f"{self.costume}, {self.first}"
