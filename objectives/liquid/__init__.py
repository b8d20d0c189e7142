"""Liquid templates that users write: checked, and filled within bounds."""
