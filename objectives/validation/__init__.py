"""What must hold of what people write, beside its schema."""
