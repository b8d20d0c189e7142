"""The websocket: one connection, many subscriptions."""
