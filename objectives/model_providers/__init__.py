"""Language models of a workspace, the keys to their providers, and how the loop reaches them."""
