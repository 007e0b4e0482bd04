# SPDX-License-Identifier: Apache-2.0
"""Where everything is."""
from django.conf import settings
from django.contrib import admin
from django.urls import include, path
from django.views.static import serve

from hall import views

urlpatterns = [
    path("", views.home),
    path("admin/", admin.site.urls),
    path("accounts/", include("allauth.urls")),
    path("media/<path:path>", serve, {"document_root": settings.MEDIA_ROOT}),
    path("me/", views.me),
    path("members/<str:name>/", views.member),
    path("pieces/", views.pieces),
    path("certificates/", views.certificates),
    path("portfolio/", views.portfolio),
    path("yearbook/<int:year>.<str:kind>", views.yearbook),
    path("dues/", views.dues),
    path("circular/", views.circular),
    path("workshop/", views.workshop),
    path("layout/", views.layout),
]
