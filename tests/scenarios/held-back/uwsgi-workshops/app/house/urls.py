# SPDX-License-Identifier: Apache-2.0
from django.contrib.auth import views as auth
from django.urls import include, path
from rest_framework.authtoken.views import obtain_auth_token
from rest_framework.routers import DefaultRouter

from workshops import api, views

router = DefaultRouter()
router.register("workshops", api.Workshops)
router.register("signups", api.Signups)

urlpatterns = [
    path("", views.Home.as_view()),
    path("login", auth.LoginView.as_view()),
    path("logout", auth.LogoutView.as_view(next_page="/")),
    path("workshops/new", views.New.as_view()),
    path("workshops/<int:pk>", views.show),
    path("workshops/<int:pk>/signup", views.SignUp.as_view()),
    path("workshops/<int:pk>/papers", views.add_paper),
    path("workshops/<int:pk>/bundle", views.bundle),
    path("workshops/<int:pk>/price", views.price),
    path("workshops/<int:pk>/cover", views.cover),
    path("workshops/<int:pk>/certificate", views.certificate),
    path("papers/<int:pk>", views.paper),
    path("papers/<int:pk>/preview", views.preview),
    path("drop", views.drop),
    path("reports/<int:year>/<int:month>.<str:kind>", views.report),
    path("api/token", obtain_auth_token),
    path("api/drop/<path:name>", api.Drop.as_view()),
    path("api/", include(router.urls)),
]
