"""What the admin's pages of runs are made of: executions, and the objectives of the app above."""
