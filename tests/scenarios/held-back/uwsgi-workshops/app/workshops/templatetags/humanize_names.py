# SPDX-License-Identifier: Apache-2.0
from django import template

register = template.Library()


@register.filter
def short(text):
    return text if len(text) < 40 else text[:39] + "…"
