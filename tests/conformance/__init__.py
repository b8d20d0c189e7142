"""The workspace API as its official clients see it."""
