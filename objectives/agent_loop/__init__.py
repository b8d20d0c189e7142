"""The durable loop: short fenced steps, entered again from rows alone, and waits between them."""
