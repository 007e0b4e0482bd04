def apply(picture):
    return picture.convert("L")
