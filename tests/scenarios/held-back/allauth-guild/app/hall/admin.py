# SPDX-License-Identifier: Apache-2.0
"""What the wardens see."""
from django.contrib import admin

from hall import models


@admin.register(models.Member)
class MemberAdmin(admin.ModelAdmin):
    list_display = ["user", "craft", "town", "joined"]
    list_filter = ["craft"]
    search_fields = ["user__username", "town"]


admin.site.register(models.Piece)
