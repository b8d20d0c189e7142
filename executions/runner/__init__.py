"""One attempt of an execution: from its files to its outputs."""
