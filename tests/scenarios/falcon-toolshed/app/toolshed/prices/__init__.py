"""A module for each kind of price."""
