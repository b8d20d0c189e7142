"""The OpenAPI document: its settings, what is added to it, and where it is served."""
