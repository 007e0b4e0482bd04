from PIL import ImageOps


def apply(picture):
    return ImageOps.contain(picture, (120, 120))
