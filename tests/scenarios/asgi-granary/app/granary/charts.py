# SPDX-License-Identifier: Apache-2.0
"""Pictures of how moist a month's deliveries were."""
import os
import tempfile

from matplotlib.figure import Figure

from granary.settings import VAR


def draw(axes, kind, rows):
    values = {}
    for row in rows:
        values.setdefault(row.grain, []).append(row.moisture)
    if kind == "bars":
        axes.bar(list(values), [sum(v) / len(v) for v in values.values()])
    elif kind == "box":
        axes.boxplot(list(values.values()), labels=list(values))
    else:
        for grain, series in values.items():
            axes.plot(series, marker="o", label=grain)
        if values:
            axes.legend()


def moisture(member, month, kind, suffix, rows):
    """Makes the file and returns its path."""
    folder = VAR / "charts" / member
    folder.mkdir(parents=True, exist_ok=True)
    figure = Figure(figsize=(5, 3))
    axes = figure.add_subplot()
    axes.set_title(f"{member}, {month}")
    axes.set_ylabel("moisture, %")
    draw(axes, kind, rows)
    handle, name = tempfile.mkstemp(f".{suffix}", dir=folder)
    with open(handle, "wb") as file:
        figure.savefig(file, format=suffix)
    path = folder / f"moisture-{month}-{kind}.{suffix}"
    os.replace(name, path)
    return path
