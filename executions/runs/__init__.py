"""What any run stands on: its row, its lease, its log, its place in the queue, and the verbs of all kinds."""
