# SPDX-License-Identifier: Apache-2.0
from django.db import models


class Entry(models.Model):
    day = models.DateField()
    person = models.CharField(max_length=60)
    what = models.CharField(max_length=200)
    hours = models.FloatField()
