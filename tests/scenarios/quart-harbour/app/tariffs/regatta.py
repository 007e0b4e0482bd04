"""regatta."""


def price(nights):
    return 40 * nights
