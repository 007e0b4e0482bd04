"""Tables for the accountant, and such as come from elsewhere."""
import pandas
import sqlalchemy as sa

from .settings import settings
from .store import engine, harvests, hives, place


def table(tenant, since, until):
    query = (sa.select(harvests.c.day, hives.c.name.label("hive"),
                       harvests.c.kg, harvests.c.cents)
             .join(hives, hives.c.id == harvests.c.hive)
             .where(harvests.c.day.between(since, until))
             .order_by(harvests.c.day))
    with engine(tenant).connect() as database:
        return pandas.read_sql(query, database)


def export(tenant, kind, since, until, formula, separator):
    frame = table(tenant, since, until)
    if formula:
        code = compile(formula, "formula", "eval")
        frame["extra"] = [eval(code, {}, row)
                          for row in frame.to_dict("records")]
    made = place(tenant, "exports", f"harvests_{since}_{until}.{kind}")
    made.parent.mkdir(exist_ok=True)
    if kind == "xlsx":
        with pandas.ExcelWriter(made, engine="openpyxl") as book:
            frame.to_excel(book, sheet_name="harvests", index=False)
            frame.groupby("hive")["kg"].sum().to_excel(book, sheet_name="sums")
    elif kind == "csv":
        frame.to_csv(made, index=False, sep=separator)
    else:
        frame.to_html(made, index=False)
    return made


def read_book(tenant, file, numbers):
    """Harvests from somebody's workbook; numbers: of hives, by their names."""
    frame = pandas.read_excel(file, engine="openpyxl")
    rows = [{"hive": numbers[row["hive"]], "day": row["day"].date(),
             "kg": float(row["kg"]), "cents": int(row["cents"])}
            for row in frame.to_dict("records")]
    with engine(tenant).begin() as database:
        database.execute(sa.insert(harvests), rows)
    return len(rows)


def preview(tenant, name):
    """Of what lies in the import directory."""
    frame = pandas.read_csv(settings().incoming / tenant / name, nrows=5,
                            header=None, dtype=str)
    return frame.fillna("").values.tolist()
