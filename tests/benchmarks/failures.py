"""What keeps the benchmark from measuring."""


class NotMeasured(Exception):
    """Something that the figures rest on did not happen; the message says what."""
