"""Advice; each rule is a module of its own."""
