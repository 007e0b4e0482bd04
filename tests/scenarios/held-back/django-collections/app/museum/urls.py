# SPDX-License-Identifier: Apache-2.0
"""Addresses of the site."""
from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("admin/", admin.site.urls),
    path("accounts/", include("django.contrib.auth.urls")),
    path("", include("holdings.urls")),
]
