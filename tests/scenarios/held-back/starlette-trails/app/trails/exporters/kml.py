from xml.sax.saxutils import escape


def export(card):
    return (f"<kml><Placemark><name>{escape(card['title'])}</name>"
            "</Placemark></kml>")
