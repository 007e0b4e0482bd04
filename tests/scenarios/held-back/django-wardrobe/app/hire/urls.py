# SPDX-License-Identifier: Apache-2.0
"""Where what is."""
from django.contrib import admin
from django.urls import include, path, register_converter

from stock import views


class Month:
    regex = "[0-9]{4}-[0-9]{2}"

    @staticmethod
    def to_python(value):
        return value

    to_url = to_python


register_converter(Month, "month")
urlpatterns = [
    path("admin/", admin.site.urls),
    path("accounts/", include("django.contrib.auth.urls")),
    path("accounts/join/", views.join),
    path("", views.home),
    path("costumes/", views.costumes),
    path("costumes/<int:number>/", views.costume),
    path("costumes/<int:number>/photos/", views.photos),
    path("costumes/<int:number>/pack/", views.pack),
    path("photos/", views.photo),
    path("hires/", views.hires),
    path("hires/<int:number>/agreement/", views.agreement),
    path("reports/<month:month>.<str:kind>", views.report),
    path("stock/", views.stock),
    path("letter/", views.letter),
    path("supplier/", views.supplier),
    path("wishes/", views.wishes),
    path("fee/", views.fee),
]
