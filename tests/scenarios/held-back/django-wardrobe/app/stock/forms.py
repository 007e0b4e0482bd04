# SPDX-License-Identifier: Apache-2.0
"""What people fill in."""
from django import forms

from stock import models


class PhotoForm(forms.Form):
    album = forms.CharField(max_length=200)
    picture = forms.ImageField()


class HireForm(forms.ModelForm):
    class Meta:
        model = models.Hire
        fields = ["costume", "first", "last"]


class AgreementForm(forms.Form):
    title = forms.CharField(max_length=200)
    agreement = forms.FileField()


class StockForm(forms.Form):
    table = forms.FileField()
