"""The event streams of the workspace API, and objectives on the websocket."""
