"""What may be noted of a case."""
