"""The local demo: its data, its story and how it is shown in a terminal."""
