"""The workspace API: routes, requests and answers."""
