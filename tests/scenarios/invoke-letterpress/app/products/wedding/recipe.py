"""An envelope for each guest."""
import csv


def finish(c, product, out):
    with open(product.folder / "guests.csv", encoding="utf-8") as file:
        for number, (guest, seats) in enumerate(csv.reader(file), 1):
            (out / f"envelope-{number:03}.txt").write_text(
                f"{guest}\n{seats} seats\n{c.shop.name}\n")
