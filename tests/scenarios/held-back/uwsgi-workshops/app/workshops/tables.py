# SPDX-License-Identifier: Apache-2.0
import django_filters
import django_tables2

from .models import Workshop


class WorkshopTable(django_tables2.Table):
    title = django_tables2.TemplateColumn(
        '<a href="/workshops/{{ record.pk }}">{{ record.title }}</a>')

    class Meta:
        model = Workshop
        fields = ["title", "owner", "date", "seats"]


class WorkshopFilter(django_filters.FilterSet):
    title = django_filters.CharFilter(lookup_expr="icontains")
    after = django_filters.DateFilter("date", lookup_expr="gte")

    class Meta:
        model = Workshop
        fields = ["title", "badge"]
