"""How dates and times read, in the place where Django looks for it."""
