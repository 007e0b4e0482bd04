"""Neighbours lend each other tools."""
