"""What every Python inside a sandbox loads; nothing here is imported outside."""
