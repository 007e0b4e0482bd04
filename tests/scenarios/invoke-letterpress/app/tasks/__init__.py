"""What the shop makes, and how; `inv --list` names all of it."""
from invoke import Collection

from . import products, release, stock, tools
from .cleaning import clean

namespace = Collection(products, release, stock, tools)
namespace.add_task(clean)
namespace.configure({"shop": {
    "name": "Letterpress", "proof_width": 240, "quality": 80,
    "mill": "http://127.0.0.1/", "keep": 3}})
