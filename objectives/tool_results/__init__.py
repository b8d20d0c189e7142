"""What came of tool calls: outcomes, and their content as it is kept, shown and told."""
