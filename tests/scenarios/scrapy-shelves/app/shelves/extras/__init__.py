"""What single sites want done with an item."""
