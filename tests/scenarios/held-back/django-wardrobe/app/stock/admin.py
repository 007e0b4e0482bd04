# SPDX-License-Identifier: Apache-2.0
"""What the office sees."""
from django.contrib import admin

from stock import models


@admin.register(models.Costume)
class CostumeAdmin(admin.ModelAdmin):
    list_display = ["name", "size", "cents"]
    search_fields = ["name", "notes"]
    list_filter = ["size"]


@admin.register(models.Hire)
class HireAdmin(admin.ModelAdmin):
    list_display = ["costume", "person", "first", "last"]
