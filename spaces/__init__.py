"""Tenants, spaces, who may do what in them, and the bytes they keep."""
