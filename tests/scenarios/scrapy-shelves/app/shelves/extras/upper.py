"""Titles in capitals."""


def change(item):
    item["title"] = item["title"].upper()
