"""What any run stands on, whatever its kind."""
