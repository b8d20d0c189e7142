"""What a turn is on the wire, one module a format; all of them tell the same pieces."""
