"""summer."""


def price(nights):
    return 24 * nights
