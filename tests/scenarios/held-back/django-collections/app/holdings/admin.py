# SPDX-License-Identifier: Apache-2.0
"""The back office."""
import csv

from django.contrib import admin
from django.http import HttpResponse

from .models import Attachment, Department, Holding


@admin.action(description="Export as CSV")
def export_csv(_, __, chosen):
    answer = HttpResponse(content_type="text/csv")
    out = csv.writer(answer)
    for one in chosen:
        out.writerow([one.accession, one.title, one.department])
    return answer


@admin.action(description="Mark as lent")
def mark_lent(model_admin, request, chosen):
    count = chosen.update(on_loan=True)
    model_admin.message_user(request, f"{count} lent")


@admin.register(Holding)
class HoldingAdmin(admin.ModelAdmin):
    list_display = ("accession", "title", "department", "on_loan")
    list_filter = ("department", "on_loan")
    search_fields = ("accession", "title")
    actions = [export_csv, mark_lent]


admin.site.register([Attachment, Department])
