"""The server processes: routing, uvicorn or Daphne, and who keeps them running."""
