"""Photos with thumbnails, papers with what converters make of them."""
import asyncio
import os
import shutil

from PIL import Image, ImageDraw, ImageFont, UnidentifiedImageError
import sqlalchemy as sa

from .settings import settings
from .store import engine, papers, place

SECONDS = 20


def keep(upload, folder):
    path = folder / upload.filename
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "wb") as kept:
        shutil.copyfileobj(upload.file, kept)
    return path


def thumbnail(tenant, name, side):
    """Made when it is first asked for."""
    made = place(tenant, "thumbs", str(side), name).with_suffix(".jpg")
    if not made.exists():
        with Image.open(place(tenant, "photos", name)) as picture:
            small = picture.convert("RGB")
            small.thumbnail((side, side))
            made.parent.mkdir(parents=True, exist_ok=True)
            small.save(made, "JPEG")
    return made


def is_picture(path):
    try:
        with Image.open(path) as picture:
            picture.verify()
        return True
    except (UnidentifiedImageError, SyntaxError, OSError):
        return False


def label(tenant, text, font, size):
    """For jars."""
    picture = Image.new("RGB", (size * 12, size * 3), "#f6d55c")
    ImageDraw.Draw(picture).text(
        (size, size), text, "black",
        ImageFont.truetype(str(settings().fonts / f"{font}.ttf"), size))
    made = place(tenant, "labels", text + ".png")
    made.parent.mkdir(exist_ok=True)
    picture.save(made)
    return made


# ------------------------------------------------------------------ converters
async def convert(*words):
    """(status, what it printed)."""
    child = await asyncio.create_subprocess_exec(
        *map(str, words), stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT)
    text, _ = await asyncio.wait_for(child.communicate(), SECONDS)
    return child.returncode, text.decode("utf-8", "replace")


def set_state(tenant, number, state, detail=""):
    with engine(tenant).begin() as database:
        database.execute(sa.update(papers).where(papers.c.id == number)
                         .values(state=state, detail=detail))


async def read_paper(tenant, number, path, hive):
    """In the background: text of a PDF, the kind of everything else."""
    if path.suffix == ".pdf":
        text = place(tenant, "texts", str(hive), path.stem + ".txt")
        text.parent.mkdir(parents=True, exist_ok=True)
        status, told = await convert("pdftotext", "-layout", path, text)
    else:
        status, told = await convert("file", "--brief", "--mime-type", path)
    await asyncio.to_thread(set_state, tenant, number,
                            "failed" if status else "ready", told.strip())


async def pack(tenant, hive, names):
    folder = place(tenant, "papers", str(hive))
    made = place(tenant, "packs", f"hive-{hive}.zip")
    made.parent.mkdir(exist_ok=True)
    made.unlink(missing_ok=True)
    child = await asyncio.create_subprocess_exec(
        "zip", "-q", str(made), *names, cwd=folder)
    await asyncio.wait_for(child.wait(), SECONDS)
    return made


async def dossier(tenant, hive, names, title):
    """All sheets in one."""
    folder = place(tenant, "papers", str(hive))
    made = place(tenant, "dossiers", f"{title}.pdf")
    made.parent.mkdir(parents=True, exist_ok=True)
    sheets = " ".join(f"'{name}'" for name in names)
    child = await asyncio.create_subprocess_shell(
        f"cd '{folder}' && qpdf --empty --pages {sheets} -- '{made}'")
    await asyncio.wait_for(child.wait(), SECONDS)
    return made


def listing(tenant, kind):
    top = place(tenant, kind)
    return sorted(os.path.relpath(os.path.join(folder, name), top)
                  for folder, _, names in os.walk(top) for name in names)
