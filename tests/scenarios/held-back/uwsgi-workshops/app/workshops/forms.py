# SPDX-License-Identifier: Apache-2.0
from crispy_forms.helper import FormHelper
from crispy_forms.layout import Submit
from django import forms

from .models import Paper, Signup, Workshop


class Crispy(forms.ModelForm):
    def __init__(self, *arguments, **words):
        super().__init__(*arguments, **words)
        self.helper = FormHelper()
        self.helper.add_input(Submit("send", "Send"))


class WorkshopForm(Crispy):
    class Meta:
        model = Workshop
        fields = ["title", "date", "seats", "formula", "badge"]


class SignupForm(Crispy):
    class Meta:
        model = Signup
        fields = ["name", "mail"]


class PaperForm(Crispy):
    class Meta:
        model = Paper
        fields = ["file"]
