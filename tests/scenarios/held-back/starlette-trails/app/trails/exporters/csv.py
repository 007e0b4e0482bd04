def export(card):
    return ",".join(card) + "\n" + ",".join(map(str, card.values())) + "\n"
