"""What the paper mill asks for."""
import urllib.parse
import urllib.request

from invoke import task

from .shop import ROOT, Product


@task
def prices(c, name):
    """Fetch the price list that a product is reckoned with."""
    wanted = Product(name).get("prices", "paper")
    url = urllib.parse.urljoin(
        c.shop.mill, urllib.parse.quote(wanted, safe="/:") + ".csv")
    target = ROOT / "stock" / urllib.parse.unquote(
        urllib.parse.urlsplit(url).path.lstrip("/"))
    target.parent.mkdir(parents=True, exist_ok=True)
    with urllib.request.urlopen(url, timeout=10) as answer:
        target.write_bytes(answer.read())
    print(f"{wanted}:\n{target.read_text()}")


@task(name="list")
def list_stock(_):
    """Name the price lists."""
    for path in sorted((ROOT / "stock").rglob("*.csv")):
        print(path.relative_to(ROOT / "stock"))
