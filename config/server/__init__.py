"""The server processes: routing, Daphne on its reactor, and who keeps them running."""
