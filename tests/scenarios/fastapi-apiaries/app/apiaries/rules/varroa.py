def advise(mites):
    return "treat" if mites > 3 else "wait"
