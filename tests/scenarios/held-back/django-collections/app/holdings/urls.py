# SPDX-License-Identifier: Apache-2.0
"""Addresses of the collection."""
from django.urls import path

from . import views

urlpatterns = [
    path("", views.HoldingList.as_view()),
    path("objects/new/", views.HoldingCreate.as_view()),
    path("objects/<str:accession>/", views.HoldingDetail.as_view()),
    path("objects/<str:accession>/files/", views.Upload.as_view()),
    path("objects/<str:accession>/lender/", views.Lender.as_view()),
    path("objects/<str:accession>/bundle.zip", views.Bundle.as_view()),
    path("objects/<str:accession>/valuation/", views.Valuation.as_view()),
    path("objects/<str:accession>/loan/", views.LoanRequest.as_view()),
    path("media/<path:name>", views.Media.as_view()),
    path("thumbs/<int:side>/<str:accession>/<path:name>",
         views.Thumbnail.as_view()),
    path("selections/", views.Selection.as_view()),
    path("reports/<str:month>.<str:kind>", views.Report.as_view()),
]
