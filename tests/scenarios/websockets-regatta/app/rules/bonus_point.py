"""The first six are given a bonus."""
BONUS = (0, 3, 5.7, 8, 10, 11.7)


def points(place, boats, code):
    if code:
        return boats + 7
    return BONUS[place - 1] if place <= len(BONUS) else place + 6
