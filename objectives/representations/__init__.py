"""Rows as the API shows them, read for many at once in a fixed number of queries."""
