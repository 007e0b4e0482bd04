"""As many points as boats were beaten, and one."""
from rules import low_point


def points(place, boats, code):
    return 0 if code else boats + 1 - low_point.points(place, boats, code)
