"""How large the head of a request may be, whichever server reads it."""

# Two chat ids of 4,096 characters stand in the line of a lookup, four bytes each and three characters a byte.
HEAD_BYTES = 128 * 1024
