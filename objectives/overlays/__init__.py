"""Overlays at work: which tools they mean, and what they make of parameters, arguments and results.

Nothing here reads or writes rows. Overlays, schemas and arguments are JSON as the API writes it.
"""
