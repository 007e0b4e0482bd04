from PIL import ImageFilter


def apply(picture):
    return picture.filter(ImageFilter.SHARPEN)
