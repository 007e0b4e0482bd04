def advise(mites):
    return "feed" if mites < 10 else "move"
