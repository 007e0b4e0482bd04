"""Bars beside each other."""


def draw(values):
    return "<svg>" + "".join(
        f'<rect x="{10 * at}" width="8" height="{value}"/>'
        for at, value in enumerate(values)) + "</svg>"
