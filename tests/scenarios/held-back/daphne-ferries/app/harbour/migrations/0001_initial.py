# SPDX-License-Identifier: Apache-2.0
from django.conf import settings
from django.db import migrations, models
import django.db.models.deletion

import harbour.models

ID = ("id", models.BigAutoField(auto_created=True, primary_key=True,
                                serialize=False, verbose_name="ID"))


class Migration(migrations.Migration):
    initial = True
    dependencies = [migrations.swappable_dependency(settings.AUTH_USER_MODEL)]
    operations = [
        migrations.CreateModel("Sailing", [
            ID, ("leaves", models.DateTimeField()),
            ("origin", models.CharField(max_length=60)),
            ("destination", models.CharField(max_length=60)),
            ("ship", models.CharField(max_length=60)),
            ("miles", models.FloatField()),
            ("price", models.DecimalField(decimal_places=2, max_digits=8))],
            options={"ordering": ["leaves", "id"]}),
        migrations.CreateModel("Token", [
            ID, ("key", models.CharField(default=harbour.models.new_key,
                                         max_length=40, unique=True)),
            ("made", models.DateTimeField(auto_now_add=True)),
            ("user", models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                to=settings.AUTH_USER_MODEL))]),
        migrations.CreateModel("Booking", [
            ID, ("ref", models.CharField(default=harbour.models.new_ref,
                                         max_length=8, unique=True)),
            ("fare", models.CharField(max_length=20)),
            ("price", models.DecimalField(decimal_places=2, max_digits=8)),
            ("passengers", models.JSONField(default=list)),
            ("owner", models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                to=settings.AUTH_USER_MODEL)),
            ("sailing", models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                to="harbour.sailing"))]),
    ]
