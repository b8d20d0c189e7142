"""Labels that people put on things, and those that decide what the API has no field for."""
