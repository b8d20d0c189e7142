"""Skill bundles: read, checked, kept as versions, and found again."""
