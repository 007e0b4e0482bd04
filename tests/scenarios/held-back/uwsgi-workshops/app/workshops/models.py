# SPDX-License-Identifier: Apache-2.0
from django.contrib.auth.models import User
from django.db import models


class Workshop(models.Model):
    title = models.CharField(max_length=120)
    owner = models.ForeignKey(User, models.CASCADE)
    date = models.DateField()
    seats = models.PositiveIntegerField(default=10)
    formula = models.CharField(max_length=2000, default="20 * n")
    badge = models.CharField(max_length=40, default="round")

    def __str__(self):
        return self.title


class Signup(models.Model):
    workshop = models.ForeignKey(Workshop, models.CASCADE)
    name = models.CharField(max_length=120)
    mail = models.EmailField()
    at = models.DateTimeField(auto_now_add=True)


def place(paper, name):
    return f"papers/{paper.workshop_id}/{name}"


class Paper(models.Model):
    workshop = models.ForeignKey(Workshop, models.CASCADE)
    file = models.FileField(upload_to=place, max_length=300)
    at = models.DateTimeField(auto_now_add=True)
