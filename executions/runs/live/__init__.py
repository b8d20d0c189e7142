"""Following logs live: one reader, one hub, and the two doors SSE and websocket."""
