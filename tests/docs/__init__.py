"""README and the documents in `docs/`: links, tables and examples hold."""
