# SPDX-License-Identifier: Apache-2.0
"""What the museum has."""
import datetime

from django.conf import settings
from django.db import models


class Department(models.Model):
    name = models.CharField(max_length=80, unique=True)

    def __str__(self):
        return self.name


class Holding(models.Model):
    accession = models.CharField(max_length=40, unique=True)
    title = models.CharField(max_length=200)
    department = models.ForeignKey(Department, models.PROTECT)
    year = models.IntegerField(null=True, blank=True)
    height = models.FloatField(default=0)
    width = models.FloatField(default=0)
    value = models.FloatField(default=0)
    on_loan = models.BooleanField(default=False)
    entered = models.DateField(default=datetime.date.today)

    def __str__(self):
        return f"{self.accession} {self.title}"

    def get_absolute_url(self):
        return f"/objects/{self.accession}/"


class Attachment(models.Model):
    holding = models.ForeignKey(Holding, models.CASCADE)
    name = models.CharField(max_length=200)
    sender = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT)
    sent = models.DateTimeField(auto_now_add=True)
