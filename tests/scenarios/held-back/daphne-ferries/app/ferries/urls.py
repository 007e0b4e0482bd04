# SPDX-License-Identifier: Apache-2.0
"""Where what is."""
from django.urls import path

from harbour import bookings, office, papers, partners, views

urlpatterns = [
    path("", views.home),
    path("api/token", views.token),
    path("api/me", views.me),
    path("api/sailings", bookings.sailings),
    path("api/sailings/<int:number>/manifest", office.manifest),
    path("api/quote", bookings.quote),
    path("api/bookings", bookings.bookings),
    path("api/bookings/<slug:ref>", bookings.booking),
    path("api/bookings/<slug:ref>/pass.<slug:kind>", bookings.boarding_pass),
    path("api/bookings/<slug:ref>/papers", papers.papers),
    path("api/bookings/<slug:ref>/bundle", papers.bundle),
    path("api/timetable", office.timetable),
    path("api/reports/<slug:month>.<slug:kind>", office.report),
    path("api/kiosk", office.kiosk),
    path("api/hooks", partners.hooks),
    path("api/hooks/try", partners.try_hook),
]
