"""Pictures as payloads: greenhouse/HOUSE/camera/[SHELF/...]NAME."""
import io
import json

from PIL import Image, ImageOps

from greenhouse.plugins import Plugin


class Camera(Plugin):
    topics = ("camera", "upload")
    asks = ("picture", "thumbnail")

    def handle(self, house, rest, payload):
        if rest[0] == "upload":
            # A phone's: a line that names the file, then the file.
            head, _, payload = payload.partition(b"\n")
            name = json.loads(head)["name"]
        else:
            name = "/".join(rest[1:])
        self.config.var("pictures", house, name).write_bytes(payload)
        with Image.open(io.BytesIO(payload)) as picture:
            picture = ImageOps.exif_transpose(picture).convert("RGB")
            picture.thumbnail((48, 48))
            picture.save(self.config.var(
                "thumbs", house, name.rpartition(".")[0] + ".jpg"), "JPEG")

    def answer(self, ask, request):
        folder = {"picture": "pictures", "thumbnail": "thumbs"}[ask]
        return self.config.var(
            folder, request["house"], request["name"]).read_bytes()


PLUGIN = Camera
