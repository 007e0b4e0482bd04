"""Gleans what a few sites publish."""
