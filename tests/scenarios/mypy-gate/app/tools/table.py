"""Reports for spreadsheets."""
import csv


def write(folder, name, new):
    with open(folder / f"{name}.csv", "w", newline="") as stream:
        csv.writer(stream).writerows(
            [entry["file"], entry["line"], entry["text"]] for entry in new)
