import textwrap


def export(card):
    return "\r\n".join(["BEGIN:VCALENDAR", "BEGIN:VEVENT", *textwrap.wrap(
        "SUMMARY:" + card["title"], 70), "END:VEVENT", "END:VCALENDAR"])
