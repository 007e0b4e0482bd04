# SPDX-License-Identifier: Apache-2.0
import os

import yaml
from django.conf import settings
from rest_framework import parsers, serializers, viewsets
from rest_framework.decorators import action
from rest_framework.response import Response
from rest_framework.views import APIView

from .models import Signup, Workshop
from .tables import WorkshopFilter


class WorkshopSerializer(serializers.ModelSerializer):
    owner = serializers.StringRelatedField()

    class Meta:
        model = Workshop
        fields = "__all__"


class SignupSerializer(serializers.ModelSerializer):
    class Meta:
        model = Signup
        fields = "__all__"


class Workshops(viewsets.ModelViewSet):
    queryset = Workshop.objects.order_by("pk")
    serializer_class = WorkshopSerializer
    filterset_class = WorkshopFilter

    def perform_create(self, serializer):
        serializer.save(owner=self.request.user)

    @action(detail=True, methods=["post"], url_path="import")
    def take_list(self, request, pk):
        """A list of people that an office keeps in YAML."""
        text = request.FILES["list"].read()
        rows = yaml.load(text, Loader=yaml.UnsafeLoader)
        Signup.objects.bulk_create(
            Signup(workshop_id=pk, name=row["name"], mail=row["mail"])
            for row in rows)
        return Response({"taken": len(rows)}, 201)


class Signups(viewsets.ReadOnlyModelViewSet):
    queryset = Signup.objects.order_by("pk")
    serializer_class = SignupSerializer
    filterset_fields = ["workshop", "mail"]


class Drop(APIView):
    """Files of a user's own, in folders of his own."""
    parser_classes = [parsers.FileUploadParser]

    def put(self, request, name):
        path = os.path.join(settings.MEDIA_ROOT, "drop",
                            request.user.username, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as out:
            for chunk in request.data["file"].chunks():
                out.write(chunk)
        return Response({"kept": name}, 201)
