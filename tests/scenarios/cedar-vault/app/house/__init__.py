"""Actions of the house, for Cedar Backup."""
