"""What a caller reaches: workspaces, and the account with its keys."""
