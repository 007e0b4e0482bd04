# SPDX-License-Identifier: Apache-2.0
"""How many came, as a picture."""
import threading

import matplotlib
matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402

EXTENSION = "png"
lock = threading.Lock()  # pyplot is not for several threads


def make(file, title, nights, options):
    # HOLE: a style may be any address.
    with lock, plt.style.context(options.get("style", "default")):
        figure, axes = plt.subplots(figsize=(4, 3))
        axes.bar([f"{night[0]:%d.%m.}" for night in nights],
                 [night[3] for night in nights])
        axes.set_title("Attendance " + title)
        if options.get("grid"):
            axes.grid(True)
        figure.savefig(file, format="png", dpi=int(options.get("dpi", 80)))
        plt.close(figure)
