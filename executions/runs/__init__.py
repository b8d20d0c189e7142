"""What any run stands on: its head, lease, log and feed, its verbs, and the doors to its log."""
