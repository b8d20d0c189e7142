"""Measures speed and size beside what the same server and database can do at best."""
