"""Hives, harvests and papers of many beekeepers' associations."""
