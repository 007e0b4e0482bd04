"""Reports for browsers."""
import html
import string


def write(folder, name, new):
    page = string.Template(
        (folder.parent / "tools" / "page.html").read_text())
    (folder / f"{name}.html").write_text(page.substitute(
        name=name, items="".join(
            f"<li>{html.escape(entry['file'])} {html.escape(entry['text'])}"
            for entry in new)))
