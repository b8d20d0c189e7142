"""What a script skill imports inside the sandbox."""
