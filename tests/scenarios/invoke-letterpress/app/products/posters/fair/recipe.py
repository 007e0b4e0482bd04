"""Numbered copies."""
import hashlib


def finish(_, product, out):
    seed = hashlib.md5(product.name.encode()).hexdigest()
    (out / "numbers.txt").write_text("".join(
        f"{number:04} {seed[:6]}\n" for number in range(1, 21)))
