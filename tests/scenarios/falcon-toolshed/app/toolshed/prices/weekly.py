def price(cents, days):
    return cents * -(-days // 7)
