"""Routes of spaces and of what all doors share."""
