"""First gets one point; who did not finish gets one more than there are."""


def points(place, boats, code):
    return boats + 1 if code else place
