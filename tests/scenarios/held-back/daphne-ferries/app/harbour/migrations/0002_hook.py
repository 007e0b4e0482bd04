# SPDX-License-Identifier: Apache-2.0
from django.conf import settings
from django.db import migrations, models
import django.db.models.deletion


class Migration(migrations.Migration):
    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("harbour", "0001_initial")]
    operations = [
        migrations.CreateModel("Hook", [
            ("id", models.BigAutoField(
                auto_created=True, primary_key=True, serialize=False,
                verbose_name="ID")),
            ("url", models.URLField()), ("template", models.TextField()),
            ("owner", models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                to=settings.AUTH_USER_MODEL))]),
    ]
